import type { PgQueuerError } from "../domain/errors.js"
import { redact } from "../domain/redact.js"

/** Input that was refused at the door: with other words on the command line it would do. */
const wrongUsage: readonly string[] = [
  "PGQ_USAGE",
  "PGQ_OPTION_INVALID",
  "PGQ_NAME_INVALID",
  "PGQ_PAYLOAD_INVALID",
  "PGQ_PAYLOAD_TOO_LARGE",
  "PGQ_CONNECTION_INVALID",
]

export function exitCodeOf(error: unknown): 1 | 2 {
  return isOurs(error) && wrongUsage.includes(error.code) ? 2 : 1
}

/** What is printed about an error: what happened, the code, what to do; the stack when asked for. Never a password. */
export function failureText(error: unknown, debug: boolean): string {
  const lines = isOurs(error)
    ? [`pgq: ${error.message} (${error.code})`, `  ${error.remedy}`]
    : [`pgq: ${messageOf(error)}`, ...(debug ? [] : ["  Run it again with --debug for the stack."])]
  return redact([...lines, ...(debug ? stacks(error) : [])].join("\n"))
}

/** Ours, also from another copy of this package. */
export function isOurs(error: unknown): error is PgQueuerError {
  if (!(error instanceof Error)) return false
  const { code, remedy } = error as Partial<PgQueuerError>
  return typeof code === "string" && code.startsWith("PGQ_") && typeof remedy === "string"
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.trim() === "" ? "an error without a message" : text
}

function stacks(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.stack ?? String(error), ...stacks(error.cause).map((stack) => `caused by: ${stack}`)]
}
