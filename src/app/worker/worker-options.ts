import { type Duration, toMilliseconds } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { aBoolean, anyValue, checkOptions, wholeNumber } from "../../domain/options.js"

export interface WorkerOptions {
  /** Handlers that run at once; default 100: enough for handlers that wait for something else, little enough for a pool of ten. */
  readonly maxConcurrentTasks?: number
  /** The most jobs that one claim takes; default 1,000, where a statement's own cost no longer counts. */
  readonly batchSize?: number
  /** How often to look for jobs when no notification came; default 30 s: NOTIFY does the work, this is for those that are lost. */
  readonly pollInterval?: Duration
  /** Without a heartbeat for so long a worker counts as dead, and its jobs run elsewhere; 1 s to 1 h, default 30 s. */
  readonly heartbeatTimeout?: Duration
  /**
   * Beats from a thread of its own, on a connection beside the pool, so that a handler that holds up the event loop for longer than
   * `heartbeatTimeout` keeps its jobs; default false, because a process that hangs for ever keeps its jobs, too.
   */
  readonly heartbeatThread?: boolean
  /** How long a graceful stop waits for running handlers; default 30 s, the patience of most process managers. */
  readonly shutdownTimeout?: Duration
  /** From how many dead workers a job may be taken before it is held as `failed`; default 3. */
  readonly maxRescues?: number
}

/** The same, checked, in milliseconds. */
export interface ResolvedWorkerOptions {
  readonly maxConcurrentTasks: number
  readonly batchSize: number
  readonly pollIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly heartbeatThread: boolean
  readonly shutdownTimeoutMs: number
  readonly maxRescues: number
}

export const workerOptionChecks = {
  maxConcurrentTasks: wholeNumber(1, 100_000),
  batchSize: wholeNumber(1, 10_000),
  pollInterval: anyValue,
  heartbeatTimeout: anyValue,
  heartbeatThread: aBoolean,
  shutdownTimeout: anyValue,
  maxRescues: wholeNumber(0, 1_000),
}

const defaults = {
  maxConcurrentTasks: 100,
  batchSize: 1_000,
  pollInterval: "30s",
  heartbeatTimeout: "30s",
  shutdownTimeout: "30s",
  maxRescues: 3,
} as const

/** @throws PgQueuerError `PGQ_OPTION_INVALID` */
export function resolveWorkerOptions(given: WorkerOptions): ResolvedWorkerOptions {
  checkOptions("the worker", given, workerOptionChecks)
  return {
    maxConcurrentTasks: given.maxConcurrentTasks ?? defaults.maxConcurrentTasks,
    batchSize: given.batchSize ?? defaults.batchSize,
    pollIntervalMs: within("pollInterval", given.pollInterval ?? defaults.pollInterval, 10, 86_400_000),
    heartbeatTimeoutMs: within(
      "heartbeatTimeout",
      given.heartbeatTimeout ?? defaults.heartbeatTimeout,
      1_000,
      3_600_000,
    ),
    heartbeatThread: given.heartbeatThread ?? false,
    shutdownTimeoutMs: within("shutdownTimeout", given.shutdownTimeout ?? defaults.shutdownTimeout, 0, 86_400_000),
    maxRescues: given.maxRescues ?? defaults.maxRescues,
  }
}

function within(option: string, duration: Duration, leastMs: number, mostMs: number): number {
  const milliseconds = Math.round(toMilliseconds(duration, option))
  if (milliseconds >= leastMs && milliseconds <= mostMs) return milliseconds
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${option} is ${milliseconds} ms`, {
    remedy: `Give a duration from ${leastMs} ms to ${mostMs} ms.`,
  })
}
