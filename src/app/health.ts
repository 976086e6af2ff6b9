import type { ListenState } from "./channel-listener.js"

/** Where a worker is in its life: `draining` means that it claims nothing more and waits for its handlers. */
export type HealthState = "starting" | "ready" | "draining" | "stopped"

/** Why a worker is not ready: it does not run yet, or no more; the database does not answer; the others have declared it dead. */
export type HealthProblem = Exclude<HealthState, "ready"> | "database-unreachable" | "declared-dead"

/** How a worker is, at this moment; asks nobody. */
export interface Health {
  readonly state: HealthState
  /** When it came to that state, by the clock of this process. */
  readonly since: Date
  /** Whether it is of use to let the process go on: false once it has stopped. A database that is away changes nothing here. */
  readonly live: boolean
  /** Whether it takes jobs: `problems` is empty. */
  readonly ready: boolean
  readonly problems: readonly HealthProblem[]
  /** Its id, as in `queries.workers()`; null before the start, and while it has been declared dead. */
  readonly worker: string | null
  /** Null where nothing runs, as are the following. */
  readonly heartbeat: HeartbeatHealth | null
  readonly listen: ListenState | null
  /** The jobs that it holds: those that run, and those that wait for a slot or for the time of their start. */
  readonly holds: { readonly running: number; readonly waiting: number } | null
  /** How late timers came, in milliseconds: at last, and at worst within the last minute. */
  readonly eventLoop: { readonly lagMs: number; readonly worstLagMs: number } | null
}

export interface HeartbeatHealth {
  /** When the last one that the database has answered was sent. */
  readonly lastAt: Date
  readonly ageMs: number
  /** The last try failed. */
  readonly failing: boolean
  /** After so long without one the others declare the worker dead. */
  readonly timeoutMs: number
}

/** What a running worker says of itself. */
export interface WorkerHealth extends Pick<Health, "worker" | "listen" | "holds" | "eventLoop"> {
  readonly heartbeat: Omit<HeartbeatHealth, "lastAt">
}

export interface Life {
  readonly state: HealthState
  readonly since: Date
}

export function healthOf({ state, since }: Life, now: Date, worker: WorkerHealth | undefined): Health {
  const problems = problemsOf(state, worker)
  const life = { state, since, live: state !== "stopped", ready: problems.length === 0, problems }
  if (worker === undefined)
    return { ...life, worker: null, heartbeat: null, listen: null, holds: null, eventLoop: null }
  const lastAt = new Date(now.getTime() - worker.heartbeat.ageMs)
  return { ...life, ...worker, heartbeat: { lastAt, ...worker.heartbeat } }
}

function problemsOf(state: HealthState, worker: WorkerHealth | undefined): HealthProblem[] {
  const problems: HealthProblem[] = state === "ready" ? [] : [state]
  if (worker === undefined || state === "starting") return problems
  const { failing, ageMs, timeoutMs } = worker.heartbeat
  // After two thirds of its timeout a worker aborts its handlers.
  if (failing || ageMs > (timeoutMs * 2) / 3) problems.push("database-unreachable")
  if (worker.worker === null) problems.push("declared-dead")
  return problems
}
