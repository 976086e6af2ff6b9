import { isAboutTheData } from "../../domain/errors.js"
import type { StoredSchedule } from "../../ports/schedule-store.js"
import type { ScheduleEntry } from "./schedule-handler.js"
import { type ReadableSchedule, readSchedule } from "./stored-schedule.js"

export interface StoredRowsParts {
  readonly entries: ReadonlyMap<string, ScheduleEntry>
  /** Hears of what is wrong with a schedule, once. */
  onFault(name: string, error: unknown): void
}

/** Makes sense of rows, of which each may be nonsense. */
export class StoredRows {
  readonly #parts: StoredRowsParts
  readonly #readable = new Map<string, ReadableSchedule>()
  /** What was said of them: `row` stands until it is another one. */
  readonly #said = new Map<string, { readonly text: string; readonly of: "row" | "start" }>()

  constructor(parts: StoredRowsParts) {
    this.#parts = parts
  }

  /** Those of the rows that make sense. What does not is said once, and left alone until it is something else. */
  understand(rows: readonly StoredSchedule[]): readonly ReadableSchedule[] {
    return rows.flatMap((row) => {
      // Another version of the code made it a handler's; this one has none.
      if (row.entrypoint === null && this.#parts.entries.get(row.name)?.handler === undefined) return []
      const readable = this.#understandOne(row)
      return readable === undefined ? [] : [readable]
    })
  }

  /** Works on all of them. What the server refuses for the sake of one must not stop the others: that one is reported, and given to `without`. */
  async apart<T>(
    items: readonly T[],
    nameOf: (item: T) => string,
    work: (items: readonly T[]) => Promise<void>,
    without: (name: string) => void,
  ): Promise<void> {
    try {
      await work(items)
    } catch (error) {
      if (!isAboutTheData(error)) throw error
      if (items.length === 1) {
        without(nameOf(items[0]!))
        return this.#say(nameOf(items[0]!), error, "start")
      }
      const half = items.length >> 1
      await this.apart(items.slice(0, half), nameOf, work, without)
      await this.apart(items.slice(half), nameOf, work, without)
    }
  }

  /** Workers read their rows often, and expressions seldom change. */
  #understandOne(row: StoredSchedule): ReadableSchedule | undefined {
    const before = this.#readable.get(row.name)
    const isSame = before?.expression === row.expression && before.timezone === row.timezone
    try {
      const readable = readSchedule(row, isSame ? before.cron : undefined)
      this.#readable.set(row.name, readable)
      if (this.#said.get(row.name)?.of === "row") this.#said.delete(row.name)
      return readable
    } catch (error) {
      this.#say(row.name, error, "row")
      return undefined
    }
  }

  #say(name: string, error: unknown, of: "row" | "start"): void {
    const text = String(error)
    if (this.#said.get(name)?.text !== text) this.#parts.onFault(name, error)
    this.#said.set(name, { text, of })
  }
}
