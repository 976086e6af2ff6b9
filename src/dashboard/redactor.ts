import { redact as redactPasswords } from "../domain/redact.js"
import { layOutJson } from "./json-text.js"

export const hidden = "[redacted]"

/** A value shorter than this is not looked for in texts: it would be found everywhere. */
const shortestSecret = 4

/** Takes out of what is shown what nobody shall see. */
export interface Redactor {
  /** Whether there is anything to take out of values. */
  readonly active: boolean
  /** A copy of a JSON value without the fields that match. */
  value(value: unknown): unknown
  /** JSON laid out anew, without the fields that match, and otherwise as it is: no number loses a digit. */
  json(text: string, indent: number): string
  /** A text without passwords of connection strings, and without what is hidden in these values. */
  text(text: string, values?: readonly unknown[]): string
}

/**
 * @param paths - names of fields, or several joined by dots: `"password"`, `"user.card"`. A path matches wherever its names follow each
 * other, in arrays too; names match in any case
 */
export function makeRedactor(paths: readonly string[]): Redactor {
  const patterns = paths.map((path) => path.toLowerCase().split("."))
  const matches = (keys: readonly string[]) =>
    patterns.some((pattern) => pattern.every((name, index) => keys.at(index - pattern.length) === name))
  return {
    active: patterns.length > 0,
    value: (value) => (patterns.length === 0 ? value : redacted(value, [], matches)),
    json: (text, indent) =>
      layOutJson(text, patterns.length === 0 ? { indent } : { indent, hidden: { matches, text: hidden } }),
    text(text, values = []) {
      const secrets = patterns.length === 0 ? [] : values.flatMap((value) => secretsOf(value, [], matches))
      const shown = secrets
        .filter((secret) => secret.length >= shortestSecret)
        .sort((a, b) => b.length - a.length)
        .reduce((rest, secret) => rest.replaceAll(secret, hidden), text)
      return redactPasswords(shown)
    },
  }
}

type Matcher = (keys: readonly string[]) => boolean

function redacted(value: unknown, keys: readonly string[], matches: Matcher): unknown {
  if (Array.isArray(value)) return value.map((one) => redacted(one, keys, matches))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const path = [...keys, key.toLowerCase()]
      return [key, matches(path) ? hidden : redacted(one, path, matches)]
    }),
  )
}

/** All texts and numbers below the fields that match. */
function secretsOf(value: unknown, keys: readonly string[], matches: Matcher): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => secretsOf(one, keys, matches))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, one]) => {
    const path = [...keys, key.toLowerCase()]
    return matches(path) ? leavesOf(one) : secretsOf(one, path, matches)
  })
}

function leavesOf(value: unknown): string[] {
  if (typeof value === "string") return [value]
  if (typeof value === "number") return [String(value)]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : []
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array)
}
