import type { Job } from "../../domain/job.js"
import { RetryRequested } from "../../domain/retry-requested.js"

/** What a handler in a thread gets beside its job: what can be copied there. */
export interface ThreadContext {
  /** Which run this is, from 1. */
  readonly attempt: number
}

/** What goes to the thread. */
export interface Task {
  readonly module: string
  readonly exportName: string
  readonly job: Job
  readonly context: ThreadContext
}

/** What comes back. Errors are taken apart, because copying them from thread to thread loses what is their own. */
export type Answer =
  | { readonly kind: "returned"; readonly json: string | undefined }
  | { readonly kind: "retry"; readonly delay: number; readonly reason: string | undefined }
  | { readonly kind: "threw"; readonly error: ThrownError }
  | { readonly kind: "threw-value"; readonly text: string }

interface ThrownError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly stack: string | undefined
}

export function toAnswer(thrown: unknown): Answer {
  if (isRetryRequested(thrown)) return { kind: "retry", delay: thrown.delayMs, reason: thrown.reason ?? thrown.message }
  if (!(thrown instanceof Error)) return { kind: "threw-value", text: String(thrown) }
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined
  return {
    kind: "threw",
    error: { name: thrown.name, message: thrown.message, code, stack: withCauses(thrown) },
  }
}

/** Gives the result, or throws what the handler threw. */
export function fromAnswer(answer: Answer): unknown {
  switch (answer.kind) {
    case "returned":
      return answer.json === undefined ? undefined : JSON.parse(answer.json)
    case "retry":
      throw new RetryRequested({
        delay: answer.delay,
        ...(answer.reason === undefined ? {} : { reason: answer.reason }),
      })
    case "threw":
      throw asError(answer.error)
    case "threw-value":
      throw answer.text
  }
}

/** The module in the thread may have loaded this package a second time. */
function isRetryRequested(thrown: unknown): thrown is RetryRequested {
  return thrown instanceof Error && thrown.name === "RetryRequested" && "delayMs" in thrown
}

function asError({ name, message, code, stack }: ThrownError): Error {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code })
  error.name = name
  if (stack !== undefined) error.stack = stack
  return error
}

function withCauses(error: Error): string | undefined {
  const cause = error.cause instanceof Error ? withCauses(error.cause) : undefined
  return cause === undefined ? error.stack : `${error.stack}\ncaused by: ${cause}`
}
