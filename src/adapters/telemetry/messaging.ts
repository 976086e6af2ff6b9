import { PgQueuerError } from "../../domain/errors.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import type { EnqueueCall, RunEnd, StartedRun, StartedTick } from "../../ports/tracing.js"

/**
 * Names of the OpenTelemetry semantic conventions for messaging, version 1.45 (in development; `messaging.system` became
 * `messaging.system.name` there). The stable entry of `@opentelemetry/semantic-conventions` has only the old ones.
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export const attribute = {
  system: "messaging.system.name",
  operation: "messaging.operation.name",
  operationType: "messaging.operation.type",
  destination: "messaging.destination.name",
  messageId: "messaging.message.id",
  batchCount: "messaging.batch.message_count",
  errorType: "error.type",
  /** Ours, under our own name as the conventions want it. */
  attempt: "pgqueuer.job.attempt",
  priority: "pgqueuer.job.priority",
  status: "pgqueuer.job.status",
  schedule: "pgqueuer.schedule.name",
} as const

export const systemName = "pgqueuer"

/** What SDKs keep of a span's links by default. */
export const mostLinks = 128

export interface SpanDescription {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
}

/** The span of a producer: named for the entrypoint, where all jobs of the call have the same. */
export function describeEnqueue({ jobs, batch, schedule }: EnqueueCall): SpanDescription {
  const entrypoint = jobs[0]?.entrypoint
  const shared = jobs.every((job) => job.entrypoint === entrypoint) ? entrypoint : undefined
  return {
    name: shared === undefined ? "enqueue" : `enqueue ${shared}`,
    attributes: {
      [attribute.system]: systemName,
      [attribute.operation]: "enqueue",
      [attribute.operationType]: "send",
      ...(shared === undefined ? {} : { [attribute.destination]: shared }),
      ...(batch ? { [attribute.batchCount]: jobs.length } : {}),
      ...(schedule === undefined ? {} : { [attribute.schedule]: schedule }),
    },
  }
}

/** The span of a consumer. Its names are written out: it is made for every run, and that way it is made fastest. */
export function describeRun({ job }: StartedRun): SpanDescription {
  return {
    name: `process ${job.entrypoint}`,
    attributes: {
      "messaging.system.name": systemName,
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": job.entrypoint,
      "messaging.message.id": job.id,
      "pgqueuer.job.attempt": job.attempt,
      "pgqueuer.job.priority": job.priority,
    },
  }
}

/** The span of a schedule's handler: it takes what the clock sends. */
export function describeTick({ schedule, tick, attempt }: StartedTick): SpanDescription {
  return {
    name: `tick ${schedule}`,
    attributes: {
      [attribute.system]: systemName,
      [attribute.operation]: "tick",
      [attribute.operationType]: "process",
      [attribute.destination]: schedule,
      "pgqueuer.schedule.tick": tick.toISOString(),
      "pgqueuer.schedule.attempt": attempt,
    },
  }
}

/** Why a span has failed. */
export interface SpanFailure {
  /** Of few values. */
  readonly type: string
  readonly message: string
  readonly error: unknown
}

/** A handler that asks for another attempt without naming a cause has not failed. */
export function runFailure({ status, error }: RunEnd): SpanFailure | undefined {
  if (status === "lease-lost") return { type: status, message: "the job is another worker's by now", error: undefined }
  if (status !== "exception" && status !== "failed" && status !== "deferred") return undefined
  if (status !== "deferred" || !(error instanceof RetryRequested)) return failureOf(error)
  return error.cause === undefined ? undefined : failureOf(error.cause)
}

export function failureOf(error: unknown): SpanFailure {
  if (error instanceof PgQueuerError) return { type: error.code, message: error.message, error }
  if (error instanceof Error) return { type: error.name, message: error.message, error }
  return { type: "_OTHER", message: String(error), error }
}

/** A header, where it is there and is text: headers may hold anything. */
export function headerText(headers: unknown, name: string): string | undefined {
  const own = Object(headers) as Record<string, unknown>
  const value = Object.hasOwn(own, name) ? own[name] : undefined
  return typeof value === "string" ? value : undefined
}
