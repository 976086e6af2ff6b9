import type { FailedAttempt, JobRecord, LogLine } from "../domain/job.js"
import { milliseconds, time } from "./job-text.js"

/** What there is to say of a job, by name. */
export function jobFacts(found: JobRecord): (readonly [name: string, value: string])[] {
  const facts: readonly (readonly [string, string])[] = [
    ["id", found.id],
    ["entrypoint", found.entrypoint],
    ["status", found.status],
    ["priority", String(found.priority)],
    ["attempt", String(found.attempt)],
    ["rescues", found.rescues === 0 ? "" : String(found.rescues)],
    ["created", time(found.createdAt)],
    ["execute after", time(found.executeAfter)],
    ["expires", time(found.expireAt)],
    ["dedupe key", found.dedupeKey ?? ""],
    ["max attempts", String(found.maxAttempts ?? "")],
    ["timeout", milliseconds(found.timeoutMs)],
    ["started", time(found.startedAt)],
    ["finished", time(found.finishedAt)],
    ["worker", workerText(found)],
    ["headers", Object.keys(found.headers).length === 0 ? "" : JSON.stringify(found.headers)],
    ["payload", payloadText(found.payload)],
    ["progress", payloadText(found.progress)],
    ["result", payloadText(found.result)],
    ["error", found.error ?? ""],
  ]
  return facts.filter(([, value]) => value !== "")
}

export function logText({ loggedAt, attempt, level, message, fields }: LogLine): string {
  const details = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`
  return `${time(loggedAt)} attempt ${attempt} ${level.padEnd(5)} ${message}${details}`
}

export function failureHead({ attempt, failedAt, workerId }: FailedAttempt): string {
  return `attempt ${attempt} failed ${time(failedAt)}${workerId === null ? "" : `, worker ${workerId}`}`
}

function workerText({ worker }: JobRecord): string {
  if (worker === null) return ""
  return worker.host === null ? worker.id : `${worker.id} (pid ${worker.pid} on ${worker.host})`
}

function payloadText(payload: unknown): string {
  if (payload === undefined) return ""
  return payload instanceof Uint8Array ? `${payload.byteLength} bytes` : JSON.stringify(payload)
}
