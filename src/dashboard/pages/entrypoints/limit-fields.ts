import type { LimitsByHand } from "../../../app/limits-by-hand.js"
import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"

/** A limit in the form: which of the three it is, and the number as it was written. */
export interface LimitField {
  readonly choice: "code" | "none" | "number"
  readonly text: string
  /** What is wrong with it, in a sentence. */
  readonly problem?: string
}

/** What can be set, by the names of the form's fields. */
const limitKinds = {
  concurrency: {
    option: "concurrencyLimit",
    least: 1,
    whole: true,
    problem: "Give a whole number from 1 to 1,000,000.",
  },
  rate: {
    option: "requestsPerSecond",
    least: 0.0001,
    whole: false,
    problem: "Give a number from 0.0001 to 1,000,000, such as 0.5 for one every two seconds.",
  },
} as const

export type LimitKind = keyof typeof limitKinds

export type LimitFields = { readonly [K in LimitKind]: LimitField }

/** What the form was sent with, or undefined when it was not. */
export function readLimitFields(form: URLSearchParams): LimitFields | undefined {
  const [concurrency, rate] = [readField(form, "concurrency"), readField(form, "rate")]
  return concurrency === undefined || rate === undefined ? undefined : { concurrency, rate }
}

/** The form as it is opened: what holds now. */
export function currentLimitFields(limits: EntrypointLimits | undefined): LimitFields {
  return { concurrency: currentField(limits?.concurrencyLimit), rate: currentField(limits?.requestsPerSecond) }
}

export function hasProblem({ concurrency, rate }: LimitFields): boolean {
  return concurrency.problem !== undefined || rate.problem !== undefined
}

/** What fields without problems ask for. */
export function limitsFrom({ concurrency, rate }: LimitFields): Required<LimitsByHand> {
  return { concurrencyLimit: limitOf(concurrency), requestsPerSecond: limitOf(rate) }
}

/** The fields as parameters of the address, so that a form that was refused can be shown as it was. */
export function limitParameters(fields: LimitFields): Readonly<Record<string, string>> {
  const kinds = Object.keys(limitKinds) as LimitKind[]
  return Object.fromEntries(
    kinds.flatMap((kind) => [
      [kind, fields[kind].choice],
      [`${kind}-number`, fields[kind].text],
    ]),
  )
}

function readField(form: URLSearchParams, kind: LimitKind): LimitField | undefined {
  const choice = form.get(kind)
  const text = (form.get(`${kind}-number`) ?? "").trim().slice(0, 40)
  if (choice === "code" || choice === "none") return { choice, text }
  if (choice !== "number") return undefined
  const { least, whole, problem } = limitKinds[kind]
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  const fits = value >= least && value <= 1_000_000 && (!whole || Number.isInteger(value))
  return { choice, text, ...(fits ? {} : { problem }) }
}

function currentField(limit: LimitSources | undefined): LimitField {
  if (limit?.set === undefined) return { choice: "code", text: "" }
  return limit.set === null ? { choice: "none", text: "" } : { choice: "number", text: String(limit.set) }
}

function limitOf({ choice, text }: LimitField): number | null | "reset" {
  if (choice === "code") return "reset"
  return choice === "none" ? null : Number(text)
}
