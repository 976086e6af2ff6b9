import type { Clock, Timer } from "../../ports/clock.js"
import type { Vitals } from "../../ports/vitals.js"
import type { Beat } from "../../ports/worker-store.js"
import type { ClaimRegister } from "./claim-register.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import type { Exchanger } from "./exchanger.js"

/** While jobs are held, a cancellation must arrive within a second even when its notification is lost. */
const busyPauseMs = 800
const idlePauseMs = 10_000

/** After an exchange without a reply, its transaction may still be committed: so long the claims are watched closely. */
const watchfulMs = 10_000

export interface HeartbeatParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly register: ClaimRegister
  readonly exchanger: Exchanger
  readonly heartbeatTimeoutMs: number
  /** Milliseconds since the heartbeat thread's last sign of life, where there is one. */
  apartAgeMs?(): number
  workerId(): string
  held(): number
  vitals(): Vitals
  /** The database says that this worker is dead. */
  onDead(workerId: string): void
  /** Two thirds of the timeout have passed without a heartbeat: others may soon take the jobs. */
  onSilence(): void
  onBeat(beat: Beat): void
  /** Claims of this worker that it knows nothing of. */
  onUnknownClaims(tokens: readonly string[]): Promise<void>
}

/** The sign of life of a worker, and its ear for what the others did to it. */
export class Heartbeat {
  readonly #parts: HeartbeatParts
  readonly #duty: Duty
  #silence: Timer | undefined
  #lastSentAt = Number.NEGATIVE_INFINITY
  /** When the last one that was answered was sent. */
  #heardAt = Number.NEGATIVE_INFINITY
  #isFailing = false
  /** The next beat comes after the long pause. */
  #isIdle = true
  #sooner: Timer | undefined
  #watchfulUntil = Number.NEGATIVE_INFINITY
  /** Unknown claims, and the newest exchange at the time they were first seen. */
  #unknown = new Map<string, number>()

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
    this.#duty = new Duty("heartbeat", parts.duties, () => this.#tryToBeat(), {
      // Who is away too long is declared dead: a server that comes back must hear of this worker before that.
      maxBackoffMs: Math.min(2_000, parts.heartbeatTimeoutMs / 6),
    })
  }

  /** The last try failed. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** Since the last sign of life that the database has answered was sent. */
  get ageMs(): number {
    const own = this.#parts.clock.monotonic() - this.#heardAt
    return Math.min(own, this.#parts.apartAgeMs?.() ?? Number.POSITIVE_INFINITY)
  }

  start(): void {
    // The worker was made known a moment ago.
    this.#heardAt = this.#parts.clock.monotonic()
    this.#listenForSilence()
    this.#duty.start()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
    this.#silence?.cancel()
    this.#sooner?.cancel()
  }

  poke(): void {
    this.#duty.poke()
  }

  /** Jobs are held from now on: beats must come more often. */
  quicken(): void {
    if (!this.#isIdle) return
    this.#isIdle = false
    this.#sooner?.cancel()
    this.#sooner = this.#duty.pokeIn(this.#lastSentAt + this.#pauseMs(true) - this.#parts.clock.monotonic())
  }

  /** Claims may have been made that this worker never heard of. */
  watchClosely(): void {
    this.#watchfulUntil = this.#parts.clock.monotonic() + watchfulMs
    this.#duty.poke()
  }

  async #tryToBeat(): Promise<number> {
    try {
      const pauseMs = await this.#beat()
      this.#isFailing = false
      return pauseMs
    } catch (error) {
      this.#isFailing = true
      throw error
    }
  }

  async #beat(): Promise<number> {
    const { connection, exchanger, heartbeatTimeoutMs } = this.#parts
    const workerId = this.#parts.workerId()
    if (workerId === "") return this.#pauseMs(true)
    const sentAt = this.#parts.clock.monotonic()
    this.#lastSentAt = sentAt
    const beat = await connection.use((store) =>
      store.beat(workerId, this.#parts.vitals(), AbortSignal.timeout(Math.ceil(heartbeatTimeoutMs / 3))),
    )
    // Any exchange that was sent before this answer came may have made the claims in it.
    const { newest } = exchanger.progress
    this.#heardAt = sentAt
    if (workerId !== this.#parts.workerId()) return 0
    if (!beat.alive) {
      this.#parts.onDead(workerId)
      return this.#pauseMs(false)
    }
    this.#listenForSilence(sentAt)
    this.#parts.onBeat(beat)
    await this.#checkClaims(beat, newest)
    const busy = this.#parts.held() > 0 || this.#unknown.size > 0 || this.#parts.clock.monotonic() < this.#watchfulUntil
    this.#isIdle = !busy
    return this.#pauseMs(busy)
  }

  #pauseMs(busy: boolean): number {
    const { heartbeatTimeoutMs } = this.#parts
    return busy ? Math.min(busyPauseMs, heartbeatTimeoutMs / 4) : Math.min(idlePauseMs, heartbeatTimeoutMs / 3)
  }

  #listenForSilence(since = this.#parts.clock.monotonic()): void {
    this.#silence?.cancel()
    const due = since + this.#longestSilenceMs - this.#parts.clock.monotonic()
    this.#silence = this.#parts.clock.after(Math.max(0, due), () => this.#noticeSilence())
  }

  /** The thread may have been heard while this one was blocked. */
  #noticeSilence(): void {
    const restMs = this.#longestSilenceMs - (this.#parts.apartAgeMs?.() ?? Number.POSITIVE_INFINITY)
    if (restMs > 0) this.#silence = this.#parts.clock.after(restMs, () => this.#noticeSilence())
    else this.#parts.onSilence()
  }

  get #longestSilenceMs(): number {
    return (this.#parts.heartbeatTimeoutMs * 2) / 3
  }

  /** A claim is truly unknown when all exchanges that were under way when it was first seen have returned, and it still is. */
  async #checkClaims(beat: Beat, newest: number): Promise<void> {
    const unknown = new Map<string, number>()
    for (const token of beat.tokens) {
      if (!this.#parts.register.has(token)) unknown.set(token, this.#unknown.get(token) ?? newest)
    }
    this.#unknown = unknown
    const { oldestUnderWay } = this.#parts.exchanger.progress
    const orphaned = [...unknown].filter(([, seenAt]) => seenAt < oldestUnderWay).map(([token]) => token)
    const certain = orphaned.filter((token) => !this.#parts.register.has(token))
    if (certain.length === 0) return
    await this.#parts.onUnknownClaims(certain)
    for (const token of certain) this.#unknown.delete(token)
  }
}
