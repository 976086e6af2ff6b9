import type { Logger } from "../../ports/logger.js"
import type { StartedRun } from "../../ports/schedule-store.js"
import type { EnqueueTrace, Tracing } from "../../ports/tracing.js"
import { guardedEnqueueTrace } from "../tracing/guarded-trace.js"
import { payloadBytes } from "../tracing/trace-enqueue.js"
import { parseHeaders, withTraceHeaders } from "../tracing/trace-headers.js"
import type { ScheduleEntry } from "./schedule-handler.js"
import type { ReadableSchedule } from "./stored-schedule.js"

export interface TraceStartsParts {
  readonly tracing: Tracing | undefined
  readonly entries: ReadonlyMap<string, ScheduleEntry>
  readonly log: Logger
}

/** Something to start of one schedule. */
export interface Start {
  readonly row: ReadableSchedule
  /** Of so many ticks, as far as that is known. */
  readonly ticks: number
}

/** The headers for the jobs of a start; null: as they are stored. */
type HeadersOf = (row: ReadableSchedule) => string | null

/** Surrounds the starting of schedules with a trace for each one that enqueues jobs; whether there is a job to enqueue only the reply tells. */
export async function traceStarts<Reply extends { readonly runs: readonly StartedRun[] }>(
  parts: TraceStartsParts,
  starts: readonly Start[],
  start: (headersOf: HeadersOf) => Promise<Reply>,
): Promise<Reply> {
  if (parts.tracing === undefined) return start(() => null)
  const traces = new Map<string, { readonly trace: EnqueueTrace; readonly headers: string | null }>()
  for (const one of starts) {
    const trace = begin(parts, parts.tracing, one)
    if (trace === undefined) continue
    const { headers } = one.row
    traces.set(one.row.name, { trace, headers: withTraceHeaders(trace.headers)(headers, parseHeaders(headers)) })
  }
  try {
    const reply = await start(({ name }) => traces.get(name)?.headers ?? null)
    for (const [name, { trace }] of traces) {
      trace.end({ ids: reply.runs.flatMap((run) => (run.name === name && run.jobId !== null ? [run.jobId] : [])) })
    }
    return reply
  } catch (error) {
    for (const { trace } of traces.values()) trace.end({ error })
    throw error
  }
}

function begin({ entries, log }: TraceStartsParts, tracing: Tracing, { row, ticks }: Start): EnqueueTrace | undefined {
  const { name, entrypoint, headers } = row
  if (entrypoint === null) return undefined
  const payload = entries.get(name)?.definition.job?.payload
  const job = {
    entrypoint,
    headers: parseHeaders(headers),
    payloadBytes: payload === undefined ? 0 : payloadBytes(payload.json, payload.bytes),
  }
  return guardedEnqueueTrace(tracing, { jobs: Array(ticks).fill(job), batch: ticks > 1, schedule: name }, log)
}
