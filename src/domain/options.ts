import { PgQueuerError } from "./errors.js"

/** What one option must be; returns what is wrong with a value, or nothing. */
export type Check = (value: unknown) => string | undefined

/**
 * Looks at the options of a call once, at the door.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID` for an unknown name (with the nearest known one) or a wrong value
 */
export function checkOptions(where: string, options: unknown, checks: Readonly<Record<string, Check>>): void {
  if (options === undefined) return
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid(`the options of ${where} must be an object`, `Known options: ${Object.keys(checks).join(", ")}.`)
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) throw unknownOption(where, name, Object.keys(checks))
    const problem = value === undefined ? undefined : check(value)
    if (problem !== undefined)
      throw invalid(`${where}: ${name} ${problem}`, `Give ${name} a value that fits, or leave it out.`)
  }
}

export const anyValue: Check = () => undefined

export function wholeNumber(least: number, most: number): Check {
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}, not ${show(value)}`
}

export function oneOf(...values: readonly string[]): Check {
  return (value) =>
    values.includes(value as string) ? undefined : `must be one of ${values.join(", ")}, not ${show(value)}`
}

export const aBoolean: Check = (value) =>
  typeof value === "boolean" ? undefined : `must be true or false, not ${show(value)}`

export const anObject: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : `must be an object, not ${show(value)}`

/** An object with these methods: what another library makes. */
export function anObjectWith(...methods: readonly string[]): Check {
  return (value) =>
    methods.every((method) => typeof Object(value)[method] === "function")
      ? undefined
      : `must be an object with ${methods.join(" and ")}, not ${show(value)}`
}

export const aSignal: Check = (value) =>
  value instanceof AbortSignal ? undefined : `must be an AbortSignal, not ${show(value)}`

/** A value as it may stand in a message: short, and never a whole payload. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === "bigint") return `${value}n`
  if (Array.isArray(value)) return "an array"
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString()
  if (typeof value === "object" && value !== null) return "an object"
  return typeof value === "function" ? "a function" : String(value)
}

/** The known word that was most likely meant, if one is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceBetween(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** What is added to an error about a word that is not known; nothing where no other one is near. */
export function didYouMean(guess: string | undefined, shown = (word: string) => word): string {
  return guess === undefined ? "" : `, did you mean ${shown(guess)}?`
}

function unknownOption(where: string, name: string, known: readonly string[]): PgQueuerError {
  const hint = didYouMean(nearest(name, known))
  const remedy = known.length === 0 ? "It has none." : `Known options: ${known.join(", ")}.`
  return invalid(`${where} has no option ${show(name)}${hint}`, remedy)
}

function invalid(message: string, remedy: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", message, { remedy })
}

/** An abbreviation is as near as one wrong letter. */
function distanceBetween(word: string, candidate: string): number {
  return word.length >= 3 && candidate.startsWith(word) ? 1 : editDistance(word, candidate)
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]!
}
