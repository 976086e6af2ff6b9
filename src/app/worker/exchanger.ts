import type { Clock, Random } from "../../ports/clock.js"
import type { WakeUp } from "../../ports/job-store.js"
import type { ClaimedJob, ExchangeReply, Report } from "../../ports/worker-store.js"
import type { ClaimRegister } from "./claim-register.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import type { JobPool } from "./job-pool.js"
import { type Look, LowWaterMarks } from "./low-water-marks.js"
import type { Prefetch } from "./prefetch.js"

/** While one exchange is under way, another one goes out only for this many jobs: small ones cost as much as large ones. */
const worthASecondExchange = 64

/** So many batches may be ahead of those that run: two under way and one waiting keep both sides busy. */
const batchesAhead = 3

/** A sweep ignores the marks and may walk many dead rows: it gets a thirtieth of the time. */
const sweepShare = 30
const shortestSweepPauseMs = 1_000

export interface ExchangerParts {
  readonly clock: Clock
  readonly random: Random
  readonly duties: DutyEnvironment
  readonly connections: readonly Connection[]
  readonly entrypoints: readonly string[]
  readonly pool: JobPool
  readonly prefetch: Prefetch
  readonly register: ClaimRegister
  readonly maxConcurrentTasks: number
  readonly batchSize: number
  readonly timeoutMs: number
  workerId(): string
  /** The database says that this worker is dead. */
  onDead(workerId: string): void
  /** No reply came: what was claimed is unknown. */
  onUncertain(): void
  onClaimed(): void
  /** Nothing is left to claim and nothing is held. */
  onIdle(): void
}

/** Hands in what is finished and takes what is next, on one or two connections, one transaction each time. */
export class Exchanger {
  readonly #parts: ExchangerParts
  readonly #marks: LowWaterMarks
  readonly #lanes: readonly Duty[]
  #finished: Report[] = []
  /** Ends that wait until something else is written. */
  #withheld = 0
  #claiming = true
  #requested = 0
  /** Claimed, and not handed to the pool yet. */
  #arriving = 0
  /** Claims under way. */
  #looking = 0
  #started = 0
  readonly #underWay = new Set<number>()
  /** Counts the reasons to look for work; a look that found little answers those that came before it. */
  #reasons = 1
  #answered = 0
  #everywhere = true
  #nextSweepAt = 0

  constructor(parts: ExchangerParts) {
    this.#parts = parts
    this.#marks = new LowWaterMarks(parts.entrypoints)
    this.#lanes = parts.connections.map((connection, index) => {
      return new Duty(`exchange ${index + 1}`, parts.duties, () => this.#work(connection))
    })
  }

  start(): void {
    for (const lane of this.#lanes) lane.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()))
  }

  /** There may be work: what the wake-up names, or anywhere. */
  look(wakeUp: WakeUp = {}): void {
    this.#marks.wake(wakeUp)
    if (wakeUp.entrypoints === undefined) this.#everywhere = true
    this.#reasons++
    this.poke()
  }

  /** Looks for work that no wake-up told of, and now and then also for what the marks hide. */
  sweep(): void {
    if (this.#parts.clock.monotonic() >= this.#nextSweepAt) this.#everywhere = true
    this.#reasons++
    this.poke()
  }

  /** Hands a report in, after something else that must be written first. Pokes when there is enough for another exchange, not for every job: what is under way looks again when it returns. */
  report(report: Report, after?: Promise<void>): void {
    if (after !== undefined) {
      void this.#reportAfter(report, after)
      return
    }
    const count = this.#finished.push(report)
    if (count % worthASecondExchange === (this.#underWay.size === 0 ? 1 : 0)) this.poke()
  }

  async #reportAfter(report: Report, written: Promise<void>): Promise<void> {
    this.#withheld++
    await written
    this.#withheld--
    this.report(report)
  }

  /** Claims nothing more; reports still go out. */
  stopClaiming(): void {
    this.#claiming = false
  }

  /** Forgets reports about claims that this worker has lost. */
  forgetReports(): void {
    this.#finished = []
  }

  get settled(): boolean {
    return this.#finished.length === 0 && this.#withheld === 0 && this.#underWay.size === 0 && this.#arriving === 0
  }

  /** Whether the last look found nothing more, and nothing is on its way. */
  get exhausted(): boolean {
    return this.settled && this.#answered === this.#reasons
  }

  /** The number of the newest exchange, and of the oldest that has not returned. */
  get progress(): { readonly newest: number; readonly oldestUnderWay: number } {
    return { newest: this.#started, oldestUnderWay: Math.min(...this.#underWay, this.#started + 1) }
  }

  poke(): void {
    if (this.#isWorthwhile()) for (const lane of this.#lanes) lane.poke()
  }

  async #work(connection: Connection): Promise<number> {
    while (this.#isWorthwhile()) {
      // Jobs that take no time end in the same turn: one exchange for all of them.
      if (this.#finished.length > 0) await this.#parts.clock.turn()
      if (this.#isWorthwhile()) await this.#exchange(connection)
    }
    this.announceIdle()
    return Number.POSITIVE_INFINITY
  }

  /** Says so when nothing is left to do. */
  announceIdle(): void {
    if (this.exhausted && this.#parts.pool.held === 0) this.#parts.onIdle()
  }

  #isWorthwhile(): boolean {
    if (this.#parts.workerId() === "") return false
    const claimable = this.#room()
    if (this.#underWay.size === 0) return this.#finished.length > 0 || claimable > 0
    return this.#finished.length >= worthASecondExchange || claimable >= worthASecondExchange
  }

  /** How many more jobs this worker may take; 0 when there is no reason to look. */
  #room(): number {
    if (!this.#claiming || this.#answered === this.#reasons || (this.#looking > 0 && !this.#overlaps)) return 0
    const { pool, prefetch, maxConcurrentTasks, batchSize, clock } = this.#parts
    const now = clock.monotonic()
    const ahead = prefetch.size(now, maxConcurrentTasks, batchSize * batchesAhead, pool.oldestRunMs(now))
    const most = maxConcurrentTasks + ahead
    // Half of it at a time, so that one half can be fetched while the other one is run.
    const share = ahead > 0 && this.#parts.maxConcurrentTasks >= worthASecondExchange ? Math.ceil(most / 2) : most
    return Math.min(batchSize, share, most - pool.held - this.#arriving - this.#requested)
  }

  /** Claims that overlap can bring jobs out of their order. Where few run at once that would be seen, so there one waits for the other. */
  get #overlaps(): boolean {
    return this.#marks.overlaps && this.#parts.maxConcurrentTasks >= worthASecondExchange
  }

  async #exchange(connection: Connection): Promise<void> {
    const number = ++this.#started
    const reports = this.#finished
    const reasons = this.#reasons
    const limit = Math.max(0, this.#room())
    const workerId = this.#parts.workerId()
    const sentAt = this.#parts.clock.monotonic()
    const everywhere = this.#everywhere || sentAt >= this.#nextSweepAt
    const look = limit > 0 ? this.#marks.look(limit, everywhere) : undefined
    if (look !== undefined) this.#everywhere = false
    this.#finished = []
    this.#requested += limit
    if (look !== undefined) this.#looking++
    this.#underWay.add(number)
    try {
      const reply = await connection.use((store) =>
        store.exchange(
          { workerId, reports, now: this.#parts.clock.monotonic(), ranges: look?.ranges ?? [], leases: [], limit },
          AbortSignal.timeout(this.#parts.timeoutMs),
        ),
      )
      this.#requested -= limit
      this.#take(reply, look, reasons, workerId)
      for (const report of reports) this.#parts.register.remove(report.token)
      if (everywhere && look !== undefined) this.#planSweep(sentAt)
    } catch (error) {
      this.#requested -= limit
      this.#putBack(reports, look, everywhere, workerId)
      throw error
    } finally {
      if (look !== undefined) this.#looking--
      this.#underWay.delete(number)
    }
  }

  #take(reply: ExchangeReply, look: Look | undefined, reasons: number, workerId: string): void {
    if (!reply.alive || workerId !== this.#parts.workerId()) {
      if (look !== undefined) this.#marks.failed(look)
      this.#parts.onDead(workerId)
      return
    }
    if (look === undefined) return
    const more = this.#marks.taken(look, reply.jobs)
    const contended = reply.jobs.length < Math.min(reply.promised, look.limit)
    if (!more) this.#answered = Math.max(this.#answered, reasons)
    if (contended) this.#lookAgainSoon()
    for (const job of reply.jobs) this.#parts.register.add(job.token)
    if (reply.jobs.length === 0) return
    if (reply.jobs.length < worthASecondExchange) this.#hand(reply.jobs)
    else void this.#handAfterTurn(reply.jobs)
  }

  /** Starting many jobs takes a while: the next exchange goes out before that, and the server works meanwhile. */
  async #handAfterTurn(jobs: readonly ClaimedJob[]): Promise<void> {
    this.#arriving += jobs.length
    await this.#parts.clock.turn()
    this.#arriving -= jobs.length
    this.#hand(jobs)
  }

  #hand(jobs: readonly ClaimedJob[]): void {
    this.#parts.pool.accept(jobs)
    this.#parts.onClaimed()
  }

  /** Others were at the same rows: they are about to commit, or to give them back. */
  #lookAgainSoon(): void {
    this.#parts.clock.after(5 + this.#parts.random() * 15, () => this.look())
  }

  #planSweep(sentAt: number): void {
    const now = this.#parts.clock.monotonic()
    this.#nextSweepAt = now + Math.max(shortestSweepPauseMs, (now - sentAt) * sweepShare)
  }

  /** Without a reply the exchange may have been committed or not: reports go out again, and what was claimed is looked for. */
  #putBack(reports: Report[], look: Look | undefined, everywhere: boolean, workerId: string): void {
    if (look !== undefined) this.#marks.failed(look)
    if (everywhere) this.#everywhere = true
    if (workerId === this.#parts.workerId()) this.#finished = [...reports, ...this.#finished]
    this.#parts.onUncertain()
  }
}
