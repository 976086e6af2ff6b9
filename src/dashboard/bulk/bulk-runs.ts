import type { ActionResult } from "../../app/job-actions.js"
import { PgQueuerError } from "../../domain/errors.js"
import { redact } from "../../domain/redact.js"
import type { Status } from "../../domain/status.js"
import type { AuditStore } from "../../ports/audit-store.js"
import type { Clock, Timer } from "../../ports/clock.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { Queries } from "../../queries.js"
import type { BulkState } from "./bulk-state.js"
import { resultText } from "./result-text.js"

export interface BulkOrder extends Pick<BulkState, "id" | "kind" | "target" | "person" | "total"> {
  /** The jobs that match, a look at a time. */
  readonly looks: AsyncIterable<readonly string[]>
}

interface Run {
  state: BulkState
  isAskedToStop: boolean
  end: Promise<void>
}

/** So many jobs are one transaction. */
const batchSize = 1_000
const mostAtOnce = 3
const mostKept = 50
const noteEveryMs = 1_000
const firstPauseMs = 1_000
const longestPauseMs = 30_000

export interface BulkRunsOptions {
  readonly queries: Queries
  readonly audit: AuditStore
  readonly clock: Clock
  readonly now: () => number
  readonly logger: Logger
}

/** Does things to many jobs, batch by batch, whether somebody looks or not; and knows how far each is. */
export class BulkRuns {
  readonly #options: BulkRunsOptions
  readonly #runs = new Map<string, Run>()
  readonly #pauses = new Map<Timer, () => void>()
  #isClosed = false

  constructor(options: BulkRunsOptions) {
    this.#options = options
  }

  /** Whether another one may be started now: each takes a connection and the database's time. */
  get isFree(): boolean {
    const running = [...this.#runs.values()].filter(({ state }) => state.phase === "running")
    return !this.#isClosed && running.length < mostAtOnce
  }

  start({ looks, ...order }: BulkOrder): void {
    const state: BulkState = {
      ...order,
      startedAt: new Date(this.#options.now()),
      finishedAt: null,
      phase: "running",
      problem: null,
      done: new Map(),
      refused: new Map(),
    }
    const run: Run = { state, isAskedToStop: false, end: Promise.resolve() }
    this.#runs.set(order.id, run)
    this.#forgetOldest()
    run.end = this.#run(run, looks)
  }

  /** Undefined for one of another process, and of long ago. */
  find(id: string): BulkState | undefined {
    return this.#runs.get(id)?.state
  }

  /** Lets one end after the batch that it is at. Whether there is such a one. */
  stop(id: string): boolean {
    const run = this.#runs.get(id)
    if (run === undefined || run.state.phase !== "running") return false
    run.isAskedToStop = true
    return true
  }

  /** Lets all end after the batch that they are at. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const id of this.#runs.keys()) this.stop(id)
    for (const [timer, goOn] of this.#pauses) {
      timer.cancel()
      goOn()
    }
    await Promise.all([...this.#runs.values()].map(({ end }) => end))
  }

  async #run(run: Run, looks: AsyncIterable<readonly string[]>): Promise<void> {
    let problem: string | null = null
    try {
      problem = await this.#act(run, looks)
    } catch (error) {
      problem = problemOf(error)
      logEvent(this.#options.logger, "dashboard.failed", "an action on many jobs was broken off", {
        error,
        action: run.state.kind.name,
      })
    }
    const finishedAt = new Date(this.#options.now())
    run.state = { ...run.state, finishedAt, problem, phase: problem === null ? "finished" : "stopped" }
    await this.#record(run.state)
  }

  /** Answers with why it stopped before its end, or null. */
  async #act(run: Run, looks: AsyncIterable<readonly string[]>): Promise<string | null> {
    const { queries, clock } = this.#options
    let notedAt = clock.monotonic()
    for await (const ids of looks) {
      for (let from = 0; from < ids.length; from += batchSize) {
        if (run.isAskedToStop) break
        const results = await run.state.kind.run(queries, ids.slice(from, from + batchSize))
        run.state = withResults(run.state, results)
        if (clock.monotonic() - notedAt < noteEveryMs) continue
        await this.#note(run.state)
        notedAt = clock.monotonic()
      }
      if (run.isAskedToStop) return this.#isClosed ? "the dashboard was closed" : "somebody stopped it"
    }
    return null
  }

  async #note(state: BulkState): Promise<void> {
    try {
      await this.#options.audit.note(state.id, `So far: ${resultText(state)}`)
    } catch (error) {
      logEvent(this.#options.logger, "dashboard.failed", "the progress of an action was not recorded", { error })
    }
  }

  /** Again and again: when the database went away in the middle, its record waits for it to come back. */
  async #record(state: BulkState): Promise<void> {
    const { audit, logger } = this.#options
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await audit.end(state.id, state.phase === "finished", resultText(state))
      } catch (error) {
        logEvent(logger, "dashboard.failed", "the result of an action was not recorded", {
          error,
          action: state.kind.name,
        })
      }
      if (this.#isClosed) return
      await this.#pause(pauseMs)
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        this.#pauses.delete(timer)
        resolve()
      }
      const timer = this.#options.clock.after(milliseconds, goOn)
      this.#pauses.set(timer, goOn)
    })
  }

  #forgetOldest(): void {
    for (const [id, { state }] of this.#runs) {
      if (this.#runs.size <= mostKept) return
      if (state.phase !== "running") this.#runs.delete(id)
    }
  }
}

function withResults(state: BulkState, results: readonly ActionResult[]): BulkState {
  const done = new Map(state.done)
  const refused = new Map(state.refused)
  for (const result of results) {
    if (result.done) done.set(result.status as Status, (done.get(result.status as Status) ?? 0) + 1)
    else refused.set(result.status, (refused.get(result.status) ?? 0) + 1)
  }
  return { ...state, done, refused }
}

function problemOf(error: unknown): string {
  if (!(error instanceof PgQueuerError)) return "it failed; the log of the dashboard says why"
  const unknown = `; whether its last ${batchSize.toLocaleString("en")} jobs were done is not known`
  return `${redact(error.message)}${error.code === "PGQ_OUTCOME_UNKNOWN" ? unknown : ""}`
}
