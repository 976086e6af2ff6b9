import type { Clock, Timer } from "../../ports/clock.js"
import type { LogNote, ProgressNote } from "../../ports/worker-store.js"
import { mayPass } from "../passing-failure.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"

/** The first note of a while is written at once, with those of the next milliseconds; others follow twice a second. */
const gatherMs = 10
const pauseMs = 500

/** Bounds of one statement. */
const mostLines = 1_000
const mostCharacters = 1_000_000

/** More lines than this are not kept in memory while the database is away. */
const mostWaiting = 10_000

/** The end of a job waits for its last notes, but not for a database that does not take them. */
const longestWaitMs = 1_000

export interface NotesParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
}

/** Writes what handlers say of their jobs while they run: progress and log lines, of all jobs together. Never fails a job. */
export class Notes {
  readonly #parts: NotesParts
  readonly #duty: Duty
  #progress = new Map<string, ProgressNote>()
  #lines: LogNote[] = []
  /** Jobs with notes that are not written yet. */
  #unwritten = new Set<string>()
  #writing = new Set<string>()
  #waiting: (() => void)[] = []
  #timer: Timer | undefined
  #scheduled = false
  #writtenAt = Number.NEGATIVE_INFINITY
  #troubled = false

  constructor(parts: NotesParts) {
    this.#parts = parts
    this.#duty = new Duty("notes", parts.duties, () => this.#work())
  }

  start(): void {
    this.#duty.start()
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#duty.stop()
    if (this.#unwritten.size === 0) return
    try {
      await this.#writeAll()
    } catch (error) {
      this.#parts.duties.onFailure("notes", error, undefined)
    }
  }

  progress(note: ProgressNote): void {
    this.#progress.set(note.jobId, note)
    this.#schedule(note.jobId)
  }

  line(note: Omit<LogNote, "at">): void {
    if (this.#lines.length >= mostWaiting) return
    this.#lines.push({ ...note, at: this.#parts.clock.monotonic() })
    this.#schedule(note.jobId)
  }

  /** When a job has ended: resolves when its last notes are written, or cannot be; undefined when it has none. */
  written(jobId: string): Promise<void> | undefined {
    if (this.#troubled || !(this.#unwritten.has(jobId) || this.#writing.has(jobId))) return undefined
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(longestWaitMs, resolve)
      const look = () => {
        if (!this.#troubled && (this.#unwritten.has(jobId) || this.#writing.has(jobId))) {
          this.#waiting.push(look)
          return
        }
        timer.cancel()
        resolve()
      }
      look()
      this.#duty.poke()
    })
  }

  #schedule(jobId: string): void {
    this.#unwritten.add(jobId)
    if (this.#scheduled) return
    this.#scheduled = true
    const dueIn = this.#writtenAt + pauseMs - this.#parts.clock.monotonic()
    this.#timer = this.#duty.pokeIn(Math.max(gatherMs, dueIn))
  }

  async #work(): Promise<number> {
    this.#timer?.cancel()
    // When it fails, the duty comes back by itself.
    this.#scheduled = true
    if (this.#unwritten.size > 0) await this.#writeAll()
    this.#scheduled = this.#unwritten.size > 0
    return this.#scheduled ? pauseMs : Number.POSITIVE_INFINITY
  }

  async #writeAll(): Promise<void> {
    const progress = this.#progress
    const lines = this.#lines
    this.#writing = this.#unwritten
    this.#progress = new Map()
    this.#lines = []
    this.#unwritten = new Set()
    this.#writtenAt = this.#parts.clock.monotonic()
    try {
      if (progress.size > 0) await this.#parts.connection.use((store) => store.writeProgress([...progress.values()]))
      progress.clear()
      while (lines.length > 0) {
        const size = sizeOfBatch(lines)
        const now = this.#parts.clock.monotonic()
        await this.#parts.connection.use((store) => store.writeLogLines(lines.slice(0, size), now))
        lines.splice(0, size)
      }
      this.#troubled = false
    } catch (error) {
      this.#troubled = true
      if (mayPass(error, true)) this.#keep(progress, lines)
      throw error
    } finally {
      this.#writing = new Set()
      for (const look of this.#waiting.splice(0)) look()
    }
  }

  /** For the next try. */
  #keep(progress: ReadonlyMap<string, ProgressNote>, lines: readonly LogNote[]): void {
    this.#progress = new Map([...progress, ...this.#progress])
    this.#lines = [...lines, ...this.#lines]
    for (const { jobId } of [...progress.values(), ...lines]) this.#unwritten.add(jobId)
  }
}

function sizeOfBatch(lines: readonly LogNote[]): number {
  let characters = 0
  for (let size = 0; size < lines.length; size++) {
    characters += lines[size]!.message.length + (lines[size]!.fields?.length ?? 0)
    if (size === mostLines || (characters > mostCharacters && size > 0)) return size
  }
  return lines.length
}
