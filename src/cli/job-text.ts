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

/** A length of time in one number: `85 ms`, `3.2 s`, `12 min`, `5 h`, `3 d`. */
export function milliseconds(value: number | null): string {
  if (value === null) return ""
  if (value < 10) return `${value.toFixed(1)} ms`
  if (value < 1_000) return `${Math.round(value)} ms`
  if (value < 120_000) return `${(value / 1_000).toFixed(1)} s`
  if (value < 7_200_000) return `${Math.round(value / 60_000)} min`
  return value < 172_800_000 ? `${Math.round(value / 3_600_000)} h` : `${Math.round(value / 86_400_000)} d`
}
