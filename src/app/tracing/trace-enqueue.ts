import type { NewJob } from "../../ports/job-store.js"
import type { Logger } from "../../ports/logger.js"
import type { Tracing } from "../../ports/tracing.js"
import { guardedEnqueueTrace } from "./guarded-trace.js"
import { parseHeaders, withTraceHeaders } from "./trace-headers.js"

export interface TracedCall {
  readonly jobs: readonly NewJob[]
  /** Many jobs in one call, be it only one this time. */
  readonly batch: boolean
}

type Ids = (string | null)[]

/** Surrounds the writing of jobs with a trace, which adds its headers to them. */
export async function traceEnqueue(
  tracing: Tracing,
  log: Logger,
  given: TracedCall,
  write: (jobs: NewJob[]) => Promise<Ids>,
): Promise<Ids> {
  const { jobs, trace } = start(tracing, log, given)
  if (trace === undefined) return write(jobs)
  try {
    const ids = await trace.call(() => write(jobs))
    trace.end({ ids })
    return ids
  } catch (error) {
    trace.end({ error })
    throw error
  }
}

/** The same of a call that blocks. */
export function traceBlockingEnqueue(
  tracing: Tracing,
  log: Logger,
  given: TracedCall,
  write: (jobs: NewJob[]) => Ids,
): Ids {
  const { jobs, trace } = start(tracing, log, given)
  if (trace === undefined) return write(jobs)
  try {
    const ids = trace.call(() => write(jobs))
    trace.end({ ids })
    return ids
  } catch (error) {
    trace.end({ error })
    throw error
  }
}

function start(tracing: Tracing, log: Logger, { jobs, batch }: TracedCall) {
  const described = jobs.map(({ entrypoint, headers, payload }) => ({
    entrypoint,
    headers: parseHeaders(headers),
    payloadBytes: payloadBytes(payload.json, payload.bytes),
  }))
  const trace = guardedEnqueueTrace(tracing, { jobs: described, batch }, log)
  if (trace === undefined) return { jobs: [...jobs], trace }
  const added = withTraceHeaders(trace.headers)
  return {
    jobs: jobs.map((job, index) => ({ ...job, headers: added(job.headers, described[index]!.headers) })),
    trace,
  }
}

/** The size of a payload in the two forms in which it is kept. */
export function payloadBytes(json: string | null, bytes: Uint8Array | null): number {
  return bytes?.byteLength ?? (json === null ? 0 : Buffer.byteLength(json))
}
