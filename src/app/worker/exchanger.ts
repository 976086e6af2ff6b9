import type { Clock, Random } from "../../ports/clock.js"
import type { WakeUp } from "../../ports/job-store.js"
import type { ClaimedJob, ExchangeReply, Report } from "../../ports/worker-store.js"
import type { ClaimRegister } from "./claim-register.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import type { ExchangeMeter } from "./exchange-meter.js"
import type { Asked, Capacity } from "./gate.js"
import type { Gates } from "./gates.js"
import type { JobPool } from "./job-pool.js"
import { type Look, LowWaterMarks } from "./low-water-marks.js"
import { aheadMs, type Prefetch } from "./prefetch.js"

/** While one exchange is under way, another one goes out only for this many jobs: small ones cost as much as large ones. */
const worthASecondExchange = 64

/** So many batches may be ahead of those that run: two under way and one waiting keep both sides busy. */
const batchesAhead = 3

/** A sweep ignores the marks and may walk many dead rows: it gets a fiftieth of the time. */
const sweepShare = 50
const shortestSweepPauseMs = 1_000

export interface ExchangerParts {
  readonly clock: Clock
  readonly random: Random
  readonly duties: DutyEnvironment
  readonly connections: readonly Connection[]
  readonly entrypoints: readonly string[]
  readonly pool: JobPool
  readonly gates: Gates
  readonly prefetch: Prefetch
  readonly register: ClaimRegister
  readonly meter: ExchangeMeter
  readonly maxConcurrentTasks: number
  readonly batchSize: number
  readonly timeoutMs: number
  workerId(): string
  /** The database says that this worker is dead. */
  onDead(workerId: string): void
  /** Ends and retries that were not recorded, because the claims are somebody else's, or because they had been recorded before. */
  onRefused(ids: readonly string[]): void
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
  #quiet = false
  #whenQuiet: (() => void)[] = []
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
    this.#parts.gates.wake(wakeUp.entrypoints)
    if (wakeUp.entrypoints === undefined) this.#everywhere = true
    this.#reasons++
    this.poke()
  }

  /** Looks for work that no wake-up told of, and now and then also for what the marks hide. */
  sweep(): void {
    if (this.#parts.clock.monotonic() >= this.#nextSweepAt) this.#everywhere = true
    this.#parts.gates.wake(undefined)
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
    if (this.#parts.gates.frees(report)) this.#reasons++
    if (count % worthASecondExchange === (this.#underWay.size === 0 ? 1 : 0)) this.poke()
  }

  /** The end of a job stands recorded without an exchange, or is another worker's to record. */
  recorded(report: Report): void {
    const { gates, register } = this.#parts
    if (gates.frees(report)) this.#reasons++
    register.remove(report.token)
    gates.handIn([report])
    gates.ended([report])
    this.poke()
    this.announceIdle()
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

  /** Forgets reports about claims that this worker has lost; answers with the jobs whose ends are lost by that. */
  forgetReports(): readonly string[] {
    const ids = endsAmong(this.#finished)
    this.#finished = []
    return ids
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
    const { pool, gates } = this.#parts
    if (this.exhausted && pool.held === 0 && gates.settled) this.#parts.onIdle()
  }

  /** There is room for jobs of limited entrypoints. */
  lookForLimited(): void {
    this.#reasons++
    this.poke()
  }

  get capacity(): Capacity {
    const { maxConcurrentTasks } = this.#parts
    const ahead = this.#ahead()
    const here = this.#here
    const held = here + this.#requested
    const startable = Math.max(0, maxConcurrentTasks - held)
    return {
      now: startable,
      ahead: Math.max(0, maxConcurrentTasks + ahead - held - startable),
      // Where jobs are quick, there is room again in a moment.
      full: ahead === 0 && here >= maxConcurrentTasks,
    }
  }

  /** Does the work while no exchange is under way. */
  async whileQuiet<T>(work: () => Promise<T>): Promise<T> {
    this.#quiet = true
    try {
      while (this.#underWay.size > 0) await new Promise<void>((resolve) => this.#whenQuiet.push(resolve))
      return await work()
    } finally {
      this.#quiet = false
      this.poke()
    }
  }

  #isWorthwhile(): boolean {
    if (this.#parts.workerId() === "" || this.#quiet) return false
    const claimable = this.#room()
    if (this.#underWay.size === 0) return this.#finished.length > 0 || claimable > 0
    return this.#finished.length >= worthASecondExchange || claimable >= worthASecondExchange
  }

  /** How many more jobs this worker may take; 0 when there is no reason to look. */
  #room(): number {
    if (!this.#claiming || this.#answered === this.#reasons || (this.#looking > 0 && !this.#overlaps)) return 0
    const { maxConcurrentTasks, batchSize } = this.#parts
    const ahead = this.#ahead()
    const most = maxConcurrentTasks + ahead
    // Half of it at a time, so that one half can be fetched while the other one is run.
    const share = ahead > 0 && this.#overlaps ? Math.ceil(most / 2) : most
    return Math.min(batchSize, share, most - this.#here - this.#requested)
  }

  /** How many jobs this worker should hold beyond those that it can run at once. */
  #ahead(): number {
    const { pool, gates, prefetch, maxConcurrentTasks, batchSize, clock } = this.#parts
    const now = clock.monotonic()
    return prefetch.size(now, {
      tasks: maxConcurrentTasks,
      most: batchSize * batchesAhead,
      longRuns: pool.longRuns(now, aheadMs, maxConcurrentTasks / 2),
      isBounded: (entrypoint) => gates.bounds(entrypoint, maxConcurrentTasks / 2),
    })
  }

  /** Jobs that it holds: running, waiting for a task or a start, or about to be handed over. */
  get #here(): number {
    return this.#parts.pool.held + this.#parts.gates.waiting + this.#arriving
  }

  /** Claims that overlap can bring jobs out of their order. Where few run at once that would be seen, so there one waits for the other. */
  get #overlaps(): boolean {
    return this.#parts.maxConcurrentTasks >= worthASecondExchange
  }

  async #exchange(connection: Connection): Promise<void> {
    const number = ++this.#started
    const reports = this.#finished
    const reasons = this.#reasons
    const workerId = this.#parts.workerId()
    const sentAt = this.#parts.clock.monotonic()
    const everywhere = this.#everywhere || sentAt >= this.#nextSweepAt
    const { gates } = this.#parts
    gates.handIn(reports)
    const look = this.#plan(everywhere)
    if (look === undefined && reports.length === 0) return
    const limit = look?.limit ?? 0
    const asked = gates.ask(look?.most ?? new Map())
    if (look !== undefined) this.#everywhere = false
    this.#finished = []
    this.#requested += limit
    if (look !== undefined) this.#looking++
    this.#underWay.add(number)
    try {
      const reply = await connection.use((store) =>
        store.exchange(
          {
            workerId,
            reports,
            now: this.#parts.clock.monotonic(),
            ranges: look?.ranges ?? [],
            leases: gates.leases,
            limit,
          },
          AbortSignal.timeout(this.#parts.timeoutMs),
        ),
      )
      this.#requested -= limit
      for (const report of reports) this.#parts.register.remove(report.token)
      const lost = reply.refused.length === 0 ? [] : endsAmong(reports, new Set(reply.refused))
      if (lost.length > 0) this.#parts.onRefused(lost)
      const ms = this.#parts.clock.monotonic() - sentAt
      this.#parts.meter.record({ claimed: reply.jobs.length, handedIn: reports.length, lost: lost.length, ms })
      this.#take(reply, reports, look, asked, reasons, workerId)
      if (everywhere && look !== undefined) this.#planSweep(sentAt)
    } catch (error) {
      this.#requested -= limit
      this.#putBack(reports, look, everywhere, workerId)
      throw error
    } finally {
      if (look !== undefined) this.#looking--
      this.#underWay.delete(number)
      if (this.#underWay.size === 0) for (const resolve of this.#whenQuiet.splice(0)) resolve()
    }
  }

  /** Where to look for work; undefined when there is no room for more, or every entrypoint is closed. */
  #plan(everywhere: boolean): Look | undefined {
    const limit = Math.max(0, this.#room())
    if (limit === 0) return undefined
    const look = this.#marks.look(limit, everywhere, (entrypoint) => this.#parts.gates.most(entrypoint))
    if (look.ranges.length > 0) return look
    this.#marks.taken(look, [])
    this.#answered = this.#reasons
    return undefined
  }

  #take(
    reply: ExchangeReply,
    reports: readonly Report[],
    look: Look | undefined,
    asked: ReadonlyMap<string, Asked>,
    reasons: number,
    workerId: string,
  ): void {
    if (!reply.alive || workerId !== this.#parts.workerId()) {
      if (look !== undefined) this.#marks.failed(look)
      this.#parts.onDead(workerId)
      return
    }
    const { gates, register } = this.#parts
    gates.see(reply.rules)
    gates.ended(reports)
    if (look === undefined) return
    const more = this.#marks.taken(look, reply.jobs)
    const contended = reply.jobs.length < Math.min(reply.promised, look.limit)
    gates.answer(asked, reply.jobs, !more && !contended)
    if (!more) this.#answered = Math.max(this.#answered, reasons)
    if (contended) this.#lookAgainSoon(look)
    for (const job of reply.jobs) register.add(job.token)
    if (reply.jobs.length === 0) return
    if (reply.jobs.length < worthASecondExchange) this.#hand(reply.jobs)
    else void this.#handAfterTurn(reply.jobs)
  }

  /** Starting many jobs takes a while: the next exchange goes out before that, and the server works meanwhile. */
  async #handAfterTurn(jobs: readonly ClaimedJob[]): Promise<void> {
    const workerId = this.#parts.workerId()
    this.#arriving += jobs.length
    await this.#parts.clock.turn()
    this.#arriving -= jobs.length
    // Declared dead meanwhile: they belong to others.
    if (workerId === this.#parts.workerId()) this.#hand(jobs)
  }

  #hand(jobs: readonly ClaimedJob[]): void {
    this.#parts.pool.accept(this.#parts.gates.hold(jobs))
    this.#parts.onClaimed()
  }

  /** Others were at the same rows: they are about to commit, or to give them back. */
  #lookAgainSoon(look: Look): void {
    this.#parts.clock.after(5 + this.#parts.random() * 15, () => {
      this.#marks.passedOthers(look)
      this.#reasons++
      this.poke()
    })
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
    this.#parts.gates.doubt()
    this.#parts.onUncertain()
  }
}

/** A job that was only to be put back is nobody's loss. */
function endsAmong(reports: readonly Report[], refused?: ReadonlySet<string>): string[] {
  return reports.filter(({ id, status }) => status !== "queued" && refused?.has(id) !== false).map(({ id }) => id)
}
