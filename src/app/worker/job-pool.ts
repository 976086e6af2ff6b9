import type { Job } from "../../domain/job.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import type { Clock } from "../../ports/clock.js"
import type { ClaimedJob, Failure, Report } from "../../ports/worker-store.js"
import { describeFailure } from "./describe-failure.js"
import type { ResolvedEntrypointOptions } from "./entrypoint-options.js"
import type { EventHub } from "./events.js"
import type { RunContext, StopReason } from "./job-context.js"
import { WaitingLine } from "./waiting-line.js"

/** Handlers that compute have the event loop for so long at a time: then heartbeats, replies and timers have their turn. */
const longestStretchMs = 20

/** Runs one job; may be async or plain. */
export type Run = (job: Job, context: RunContext<unknown, unknown>) => unknown

/** What a worker knows of an entrypoint that it serves. */
export interface Entrypoint {
  readonly run: Run
  readonly options: ResolvedEntrypointOptions
}

export interface JobPoolParts {
  readonly clock: Clock
  readonly events: EventHub
  readonly maxConcurrentTasks: number
  readonly entrypoints: ReadonlyMap<string, Entrypoint>
  makeContext(job: Job): RunContext<unknown, unknown>
  /** Hears what became of each job, once. */
  onReport(report: Report, claim: ClaimedJob): void
  /** A job that came after the pool was closed. */
  onRefused(claim: ClaimedJob): void
}

interface Running {
  readonly claim: ClaimedJob
  readonly context: RunContext<unknown, unknown>
  readonly job: Job
  readonly startedAt: number
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

  /** How long the oldest run has been going on; 0 when nothing runs. */
  oldestRunMs(now: number): number {
    for (const running of this.#running) return now - running.startedAt
    return 0
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
    for (const claim of this.#waiting.take(({ id }) => wanted.has(id))) {
      this.#parts.onReport({ ...ended(claim, now, 0), status: "canceled" }, claim)
    }
  }

  /** Lets go of all that runs: its end will not be reported. Answers with the jobs that it let go of. */
  detachAll(): ClaimedJob[] {
    const claims: ClaimedJob[] = []
    for (const running of this.#running) {
      if (running.detached) continue
      running.detached = true
      claims.push(running.claim)
    }
    return claims
  }

  /** Drops what waits and lets go of what runs, because the claims belong to somebody else. */
  loseAll(): void {
    for (const running of this.#running) {
      if (running.detached) continue
      running.detached = true
      running.context.stop("lease-lost")
      this.#parts.events.emit("lease-lost", { job: running.job })
    }
    for (const claim of this.#waiting.clear()) this.#parts.events.emit("lease-lost", { job: asJob(claim) })
  }

  #fill(): void {
    if (this.#filling) return
    this.#filling = true
    const { clock, maxConcurrentTasks } = this.#parts
    while (this.#open && this.#running.size < maxConcurrentTasks && this.#waiting.size > 0) {
      if (clock.monotonic() - this.#stretchBeganAt > longestStretchMs) {
        void this.#fillAfterTurn()
        return
      }
      this.#start(this.#waiting.shift()!)
    }
    this.#filling = false
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
    let job: Job
    try {
      job = asJob(claim)
    } catch (error) {
      this.#parts.onReport(
        { ...ended(claim, startedAt, 0), status: "exception", failure: describeFailure(error) },
        claim,
      )
      return
    }
    const running = { claim, job, context: this.#parts.makeContext(job), startedAt, detached: false }
    this.#running.add(running)
    this.#started++
    if (this.#parts.events.has("started")) this.#parts.events.emit("started", { job })
    try {
      const result = this.#parts.entrypoints.get(claim.entrypoint)!.run(job, running.context)
      if (isThenable(result)) {
        result.then(
          () => this.#succeed(running),
          (error: unknown) => this.#fail(running, error),
        )
      } else {
        this.#succeed(running)
      }
    } catch (error) {
      this.#fail(running, error)
    }
  }

  #succeed(running: Running): void {
    const now = this.#parts.clock.monotonic()
    const { token, id } = running.claim
    this.#settle(running, { token, id, endedAt: now, runMs: now - running.startedAt, status: "successful" })
  }

  #fail(running: Running, error: unknown): void {
    const now = this.#parts.clock.monotonic()
    const base = ended(running.claim, now, now - running.startedAt)
    if (error instanceof RetryRequested) {
      this.#settle(
        running,
        { ...base, status: "deferred", delayMs: error.delayMs, failure: describeFailure(error) },
        error,
      )
    } else if (running.context.stopReason !== undefined) {
      this.#settle(running, { ...base, status: "queued" })
    } else {
      this.#settle(running, { ...base, status: "exception", failure: describeFailure(error) as Failure }, error)
    }
  }

  #settle(running: Running, outcome: Report, error?: unknown): void {
    const report = running.context.stopReason === "canceled" ? asCanceled(outcome) : outcome
    this.#running.delete(running)
    if (!running.detached) {
      this.#announce(running, report, error)
      this.#parts.onReport(report, running.claim)
    }
    if (this.#running.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    this.#fill()
  }

  #announce({ job }: Running, report: Report, error: unknown): void {
    const { events } = this.#parts
    if (report.status === "deferred") events.emit("retried", { job, delayMs: report.delayMs, error })
    else if (report.status !== "queued" && events.has("ended")) {
      events.emit("ended", {
        job,
        status: report.status,
        runMs: report.runMs,
        ...(error === undefined || report.status === "canceled" ? {} : { error }),
      })
    }
  }
}

/** @throws Error when the job's row is gone or its payload is not JSON: somebody else wrote there */
function asJob(claim: ClaimedJob): Job {
  if (claim.createdAt === null) throw new Error("the row of this job is missing from the job table")
  return {
    id: claim.id,
    entrypoint: claim.entrypoint,
    payload: claim.payloadBytes ?? (claim.payload === null ? undefined : JSON.parse(claim.payload)),
    headers: claim.headers === null ? {} : JSON.parse(claim.headers),
    priority: ~claim.rank,
    attempt: claim.attempt,
    createdAt: claim.createdAt,
  }
}

/** What the handler made of it does not count any more. */
function asCanceled({ token, id, endedAt, runMs, keyed = false }: Report): Report {
  return { token, id, endedAt, runMs, keyed, status: "canceled" }
}

function ended(claim: ClaimedJob, endedAt: number, runMs: number) {
  return { token: claim.token, id: claim.id, endedAt, runMs }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"
}
