import { storable } from "../../domain/storable.js"
import type { Failure } from "../../ports/worker-store.js"

/** An error as it is stored: one text with name and message, and the stack with its causes. Whatever was thrown. */
export function describeFailure(thrown: unknown): Failure {
  try {
    return describe(thrown)
  } catch {
    // Getters and proxies can throw when they are looked at; the job has failed all the same.
    return { error: "thrown: a value that cannot be shown", traceback: null }
  }
}

function describe(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { error: storable(`thrown: ${textOf(thrown)}`), traceback: null }
  const code = "code" in thrown && typeof thrown.code === "string" ? ` [${thrown.code}]` : ""
  return {
    error: storable(`${thrown.name}${code}: ${thrown.message}`),
    traceback: storable(withCauses(thrown)),
  }
}

function withCauses(error: Error): string {
  const parts: string[] = []
  const seen = new Set<unknown>()
  for (let current: unknown = error; current !== undefined && !seen.has(current); ) {
    seen.add(current)
    parts.push(current instanceof Error ? (current.stack ?? String(current)) : textOf(current))
    current = current instanceof Error ? current.cause : undefined
  }
  return parts.join("\ncaused by: ")
}

function textOf(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value)
  } catch {
    return "a value that cannot be shown"
  }
}
