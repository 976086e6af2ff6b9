import { durationText } from "../domain/duration-text.js"
import type { JobRecord } from "../domain/job.js"

/** A job for `--json`: bytes as `payloadBase64`, times as ISO strings. */
export function jobAsJson(job: JobRecord): object {
  const { payload, ...rest } = job
  if (payload === undefined) return rest
  return payload instanceof Uint8Array
    ? { ...rest, payloadBase64: Buffer.from(payload).toString("base64") }
    : { ...rest, payload }
}

/** A time that sorts and fits a column: `2030-01-31 08:00:00Z`. */
export function time(date: Date | null): string {
  return date === null
    ? ""
    : date
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, "Z")
}

/** A length of time, or nothing. */
export function milliseconds(value: number | null): string {
  return value === null ? "" : durationText(value)
}
