import type { Job } from "../../domain/job.js"
import type { Clock, Random, Timer } from "../../ports/clock.js"
import type { RunTrace } from "../../ports/tracing.js"
import type { ClaimedJob, CompletionVerdict, Failure, Report } from "../../ports/worker-store.js"
import { asJob, reportOf, waitOf } from "./claimed-job.js"
import type { Completion } from "./completion.js"
import { rolledBack } from "./completion-errors.js"
import { describeFailure } from "./describe-failure.js"
import type { ResolvedEntrypointOptions } from "./entrypoint-options.js"
import type { EventHub } from "./events.js"
import type { RunContext, StopReason } from "./job-context.js"
import type { JobLog } from "./job-log.js"
import { type Ending, type RunOutcome, runOutcome } from "./run-outcome.js"
import { WaitingLine } from "./waiting-line.js"

/** Handlers that compute have the event loop for so long at a time: then heartbeats, replies and timers have their turn. */
const longestStretchMs = 20

/** Why a job did not start any more. */
const expired: Failure = { error: "expired", traceback: null }

/** Runs one job; may be async or plain. */
export type Run = (job: Job, context: RunContext<unknown, unknown>) => unknown

/** What a worker knows of an entrypoint that it serves. */
export interface Entrypoint {
  readonly run: Run
  readonly options: ResolvedEntrypointOptions
}

export interface JobPoolParts {
  readonly clock: Clock
  readonly random: Random
  readonly events: EventHub
  readonly jobLog: JobLog
  readonly maxConcurrentTasks: number
  readonly maxResultBytes: number
  /** Jobs that wait for the time of their start. */
  readonly paced: {
    readonly waiting: number
    /** The next one whose start is due, unless one of `rank` comes before it. */
    takeDue(rank: number | undefined): ClaimedJob | undefined
    /** Takes out those that are meant. */
    takeOut(isMeant: (claim: ClaimedJob) => boolean): ClaimedJob[]
  }
  readonly entrypoints: ReadonlyMap<string, Entrypoint>
  makeContext(job: Job): RunContext<unknown, unknown>
  /** Only where runs are traced. */
  readonly startTrace: ((job: Job, claim: ClaimedJob) => RunTrace | undefined) | undefined
  /** How a run may end its job within a transaction of its handler's. */
  makeCompletion(claim: ClaimedJob, startedAt: number, context: RunContext<unknown, unknown>): Completion
  /** What became of that transaction, once it has ended. */
  settle(claim: ClaimedJob, completion: Completion): Promise<CompletionVerdict>
  /** Hears what became of each job, once: what is to be recorded. */
  onReport(report: Report, claim: ClaimedJob): void
  /** The same of a job whose end stands recorded, or is another worker's. */
  onSettled(report: Report, claim: ClaimedJob): void
  /** A job that came after the pool was closed. */
  onRefused(claim: ClaimedJob): void
}

interface Running {
  readonly claim: ClaimedJob
  readonly context: RunContext<unknown, unknown>
  readonly job: Job
  readonly options: ResolvedEntrypointOptions
  readonly startedAt: number
  readonly timeoutMs: number | null
  readonly timer: Timer | undefined
  readonly trace: RunTrace | undefined
  /** Its end is nobody's business any more: it was put back, or belongs to another worker. */
  detached: boolean
}

/** The jobs in a worker's hands: some running, at most `maxConcurrentTasks`, the others waiting for a slot. */
export class JobPool {
  readonly #parts: JobPoolParts
  readonly #waiting = new WaitingLine<ClaimedJob>()
  readonly #running = new Set<Running>()
  #filling = false
  #stretchBeganAt = Number.NEGATIVE_INFINITY
  #started = 0
  #lastStartAt = 0
  #open = true
  #whenIdle: (() => void)[] = []

  constructor(parts: JobPoolParts) {
    this.#parts = parts
  }

  get open(): boolean {
    return this.#open
  }

  get running(): number {
    return this.#running.size
  }

  get held(): number {
    return this.#running.size + this.#waiting.size
  }

  /** How many jobs were started so far. */
  get started(): number {
    return this.#started
  }

  contextOf(id: string): RunContext<unknown, unknown> | undefined {
    for (const running of this.#running) if (running.claim.id === id && !running.detached) return running.context
    return undefined
  }

  /** How many jobs have been running for so long; counts no further than `most`. */
  longRuns(now: number, leastMs: number, most: number): number {
    let count = 0
    for (const running of this.#running) {
      if (now - running.startedAt < leastMs || count >= most) return count
      count++
    }
    return count
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** By the clock of this process. */
  get lastStartAt(): number {
    return this.#lastStartAt
  }

  accept(claims: readonly ClaimedJob[]): void {
    this.#stretchBeganAt = this.#parts.clock.monotonic()
    this.#waiting.add(claims)
    if (this.#open) this.#fill()
    else for (const claim of this.#waiting.clear()) this.#parts.onRefused(claim)
  }

  /** A slot may be free, or a start due. */
  poke(): void {
    if (!this.#filling) this.#stretchBeganAt = this.#parts.clock.monotonic()
    this.#fill()
  }

  /** Lets go of the jobs of an entrypoint that wait for a slot. */
  giveUp(entrypoint: string): ClaimedJob[] {
    return this.#waiting.take((claim) => claim.entrypoint === entrypoint)
  }

  /** Starts nothing more; answers with the jobs that waited for a slot. */
  close(): ClaimedJob[] {
    this.#open = false
    return this.#waiting.clear()
  }

  /** Lets go of the jobs that wait for a slot. */
  giveUpWaiting(): ClaimedJob[] {
    return this.#waiting.clear()
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Aborts the signals of all that runs. */
  stopAll(reason: StopReason): void {
    for (const running of this.#running) running.context.stop(reason)
  }

  /** Ends those of the jobs that wait for a slot, and aborts the signals of those that run; each ends as canceled. */
  cancel(ids: readonly string[]): void {
    if (ids.length === 0) return
    const wanted = new Set(ids)
    for (const running of this.#running) if (wanted.has(running.claim.id)) running.context.stop("canceled")
    const now = this.#parts.clock.monotonic()
    const isWanted = ({ id }: ClaimedJob) => wanted.has(id)
    for (const claim of [...this.#waiting.take(isWanted), ...this.#parts.paced.takeOut(isWanted)]) {
      this.#parts.onReport(reportOf(claim, undefined, now, { status: "canceled" }), claim)
    }
  }

  /** Lets go of all that runs: what is certain by now is reported, be it only that the job goes back into line. */
  detachAll(): void {
    const now = this.#parts.clock.monotonic()
    for (const running of this.#running) {
      if (running.detached) continue
      this.#detach(running)
      // Its end may be committed at any time: whoever rescues the claim will see it.
      if (running.context.completion?.begun === true) continue
      const { outcome, error } = this.#conclude(running, { kind: "none" })
      const report = reportOf(running.claim, running.startedAt, now, outcome)
      this.#announce(running, report, error)
      this.#parts.onReport(report, running.claim)
    }
  }

  /** Drops what waits and lets go of what runs, because the claims belong to somebody else. */
  loseAll(others: readonly ClaimedJob[]): void {
    for (const running of this.#running) {
      if (running.detached) continue
      this.#detach(running)
      running.context.stop("lease-lost")
      running.trace?.end({ status: "lease-lost" })
      this.#announceLoss(running.job)
    }
    for (const claim of [...this.#waiting.clear(), ...others]) {
      this.#announceLoss(asJob(claim))
    }
  }

  #detach(running: Running): void {
    running.detached = true
    running.timer?.cancel()
    running.context.close()
  }

  #fill(): void {
    if (this.#filling) return
    this.#filling = true
    const { clock, maxConcurrentTasks, paced } = this.#parts
    while (this.#open && this.#running.size < maxConcurrentTasks && (this.#waiting.size > 0 || paced.waiting > 0)) {
      if (clock.monotonic() - this.#stretchBeganAt > longestStretchMs) {
        void this.#fillAfterTurn()
        return
      }
      const claim = this.#next()
      if (claim === undefined) break
      this.#start(claim)
    }
    this.#filling = false
  }

  #next(): ClaimedJob | undefined {
    const { paced } = this.#parts
    const due = paced.waiting > 0 ? paced.takeDue(this.#waiting.head?.rank) : undefined
    return due ?? this.#waiting.shift()
  }

  async #fillAfterTurn(): Promise<void> {
    await this.#parts.clock.turn()
    this.#stretchBeganAt = this.#parts.clock.monotonic()
    this.#filling = false
    this.#fill()
  }

  #start(claim: ClaimedJob): void {
    const startedAt = this.#parts.clock.monotonic()
    this.#lastStartAt = startedAt
    if (claim.settings?.expired === true) {
      this.#parts.jobLog.expired(claim)
      this.#parts.onReport(reportOf(claim, undefined, startedAt, { status: "deleted", failure: expired }), claim)
      return
    }
    let job: Job
    try {
      job = asJob(claim)
    } catch (error) {
      this.#parts.jobLog.unreadable(claim, error)
      const outcome = { status: "exception", failure: describeFailure(error) } as const
      this.#parts.onReport(reportOf(claim, undefined, startedAt, outcome), claim)
      return
    }
    const { run, options } = this.#parts.entrypoints.get(claim.entrypoint)!
    const context = this.#parts.makeContext(job)
    const timeoutMs = claim.settings?.timeoutMs ?? options.timeoutMs
    const timer = timeoutMs === null ? undefined : this.#stopAfter(timeoutMs, context)
    const trace = this.#parts.startTrace?.(job, claim)
    const running = { claim, job, context, options, startedAt, timeoutMs, timer, trace, detached: false }
    this.#running.add(running)
    context.completeWith(() => this.#parts.makeCompletion(claim, startedAt, context))
    this.#started++
    if (this.#parts.events.has("started")) {
      this.#parts.events.emit("started", { job, waitMs: waitOf(claim, startedAt) })
    }
    this.#parts.jobLog.started(job)
    try {
      const result = trace === undefined ? run(job, context) : trace.call(() => run(job, context))
      if (isThenable(result)) {
        result.then(
          (value: unknown) => this.#return(running, value),
          (error: unknown) => this.#end(running, { kind: "threw", error }),
        )
      } else {
        this.#return(running, result)
      }
    } catch (error) {
      this.#end(running, { kind: "threw", error })
    }
  }

  #stopAfter(timeoutMs: number, context: RunContext<unknown, unknown>): Timer {
    return this.#parts.clock.after(Math.ceil(timeoutMs), () => context.stop("timeout"))
  }

  /** Most handlers return nothing, under no special rules. */
  #return(running: Running, value: unknown): void {
    const { claim, context, timer } = running
    if (value !== undefined || timer !== undefined || claim.settings !== null || context.stopReason !== undefined) {
      this.#end(running, { kind: "returned", value })
      return
    }
    const now = this.#parts.clock.monotonic()
    const { token, id, entrypoint } = claim
    const { startedAt } = running
    const [runMs, waitMs] = [now - startedAt, waitOf(claim, startedAt)]
    this.#settle(running, { token, id, entrypoint, endedAt: now, runMs, waitMs, status: "successful" })
  }

  #end(running: Running, ending: Ending): void {
    const { outcome, error } = this.#conclude(running, ending)
    const now = this.#parts.clock.monotonic()
    this.#settle(running, reportOf(running.claim, running.startedAt, now, outcome), error)
  }

  #conclude(running: Running, ending: Ending): RunOutcome {
    const { claim, options, timeoutMs, context, startedAt } = running
    const { clock, random, maxResultBytes } = this.#parts
    return runOutcome(ending, {
      claim,
      options,
      timeoutMs,
      stopReason: context.stopReason,
      runMs: clock.monotonic() - startedAt,
      maxResultBytes,
      random: random(),
    })
  }

  #settle(running: Running, report: Report, error?: unknown): void {
    running.timer?.cancel()
    running.context.close()
    const { completion } = running.context
    if (completion?.begun === true && !running.detached) void this.#settleCompletion(running, completion, report, error)
    else this.#finish(running, report, error)
  }

  /** The transaction decides, which may still be open. The job keeps its slot until then. */
  async #settleCompletion(running: Running, completion: Completion, report: Report, error: unknown): Promise<void> {
    const verdict = await this.#parts.settle(running.claim, completion)
    running.context.completion = undefined
    if (running.detached || (verdict === "undone" && report.status !== "successful")) {
      this.#finish(running, report, error)
    } else if (verdict === "undone") {
      this.#end(running, { kind: "threw", error: rolledBack() })
    } else {
      this.#running.delete(running)
      const { job, claim } = running
      if (verdict === "lost") {
        running.trace?.end({ status: "lease-lost" })
        this.#announceLoss(job)
      } else this.#announce(running, { ...report, status: "successful" } as Report, undefined)
      this.#parts.onSettled(report, claim)
      this.#goOn()
    }
  }

  #finish(running: Running, report: Report, error: unknown): void {
    this.#running.delete(running)
    if (!running.detached) {
      this.#announce(running, report, error)
      this.#parts.onReport(report, running.claim)
    } else endTrace(running, report, error)
    this.#goOn()
  }

  #goOn(): void {
    if (this.#running.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    this.#fill()
  }

  #announceLoss(job: Job): void {
    this.#parts.jobLog.lost(job)
    this.#parts.events.emit("lease-lost", { job })
  }

  #announce(running: Running, report: Report, error: unknown): void {
    endTrace(running, report, error)
    const { job } = running
    const { events, jobLog } = this.#parts
    jobLog.ended(job, report, error)
    const runMs = report.runMs ?? 0
    if (report.status === "deferred") events.emit("retried", { job, runMs, delayMs: report.delayMs, error })
    else if (report.status !== "queued" && events.has("ended")) {
      events.emit("ended", {
        job,
        status: report.status,
        runMs,
        ...(error === undefined || report.status === "canceled" ? {} : { error }),
      })
    }
  }
}

/** What has ended before stays as it was. */
function endTrace({ trace }: Running, { status }: Report, error: unknown): void {
  if (trace !== undefined && status !== "deleted") trace.end({ status, error })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"
}
