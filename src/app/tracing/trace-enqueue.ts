import type { NewJob } from "../../ports/job-store.js"
import type { Logger } from "../../ports/logger.js"
import type { Tracing } from "../../ports/tracing.js"
import { guardedEnqueueTrace } from "./guarded-trace.js"
import { parseHeaders, withTraceHeaders } from "./trace-headers.js"

/** Surrounds the writing of jobs with a trace, which adds its headers to them. */
export async function traceEnqueue(
  tracing: Tracing,
  log: Logger,
  given: { readonly jobs: readonly NewJob[]; readonly batch: boolean },
  write: (jobs: NewJob[]) => Promise<(string | null)[]>,
): Promise<(string | null)[]> {
  const { jobs, batch } = given
  const described = jobs.map(({ entrypoint, headers, payload }) => ({
    entrypoint,
    headers: parseHeaders(headers),
    payloadBytes: payloadBytes(payload.json, payload.bytes),
  }))
  const trace = guardedEnqueueTrace(tracing, { jobs: described, batch }, log)
  if (trace === undefined) return write([...jobs])
  const added = withTraceHeaders(trace.headers)
  const traced = jobs.map((job, index) => ({ ...job, headers: added(job.headers, described[index]!.headers) }))
  try {
    const ids = await trace.call(() => write(traced))
    trace.end({ ids })
    return ids
  } catch (error) {
    trace.end({ error })
    throw error
  }
}

/** The size of a payload in the two forms in which it is kept. */
export function payloadBytes(json: string | null, bytes: Uint8Array | null): number {
  return bytes?.byteLength ?? (json === null ? 0 : Buffer.byteLength(json))
}
