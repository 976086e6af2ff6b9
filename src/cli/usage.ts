import type { Command } from "commander"
import { toMilliseconds } from "../domain/duration.js"
import { PgQueuerError } from "../domain/errors.js"
import { didYouMean, nearest } from "../domain/options.js"

/** A command line that cannot be carried out as written: exit code 2. */
export function usageError(message: string, remedy: string): PgQueuerError {
  return new PgQueuerError("PGQ_USAGE", message, { remedy })
}

/** What is none of a command's own commands comes to the one that is run without a name. */
export function unknownCommand(parent: Command, word: string): PgQueuerError {
  const guess = nearest(
    word,
    parent.commands.map((command) => command.name()),
  )
  const problem = `${parent.name()} has no command ${JSON.stringify(word)}${didYouMean(guess)}`
  return usageError(problem, `See: pgq ${parent.name()} --help`)
}

export function wholeNumberArgument(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    const isWhole = /^[+-]?\d+$/.test(text)
    if (isWhole && value >= least && value <= most) return value
    const problem = isWhole ? "is out of range" : "is not a whole number"
    throw usageError(`${option} ${problem}: ${quoted(text)}`, `Give a whole number from ${least} to ${most}.`)
  }
}

export function choiceArgument<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    if ((choices as readonly string[]).includes(text)) return text as T
    const hint = didYouMean(nearest(text, choices))
    throw usageError(`${option} cannot be ${quoted(text)}${hint}`, `One of: ${choices.join(", ")}.`)
  }
}

export function listArgument(option: string): (text: string) => string[] {
  return (text) => {
    const names = text.split(",").map((name) => name.trim())
    if (names.every((name) => name !== "")) return names
    throw usageError(`${option} has an empty name: ${quoted(text)}`, "Separate names with commas: a,b")
  }
}

/** A number or `none`; the range is checked where the limit is set. */
export function limitArgument(option: string): (text: string) => number | "none" {
  return (text) => {
    if (text === "none") return "none"
    if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text)
    throw usageError(`${option} is not a number: ${quoted(text)}`, "Give a number, or none for no limit.")
  }
}

/** `30s`, `5m`; a bare number is refused, as nobody can see its unit. */
export function durationArgument(option: string): (text: string) => number {
  return (text) => {
    try {
      return toMilliseconds(text, option)
    } catch {
      const hint = /^\d+$/.test(text) ? `, did you mean ${text}s?` : ""
      throw usageError(
        `${option} is not a duration: ${quoted(text)}${hint}`,
        "Give a number with a unit: 500ms, 30s, 5m, 2h, 7d.",
      )
    }
  }
}

/** Seconds as a bare number, or with a unit: `10`, `0.5m`; in milliseconds. */
export function intervalArgument(option: string, leastMs: number, mostMs: number): (text: string) => number {
  const duration = durationArgument(option)
  return (text) => {
    const milliseconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : duration(text)
    if (milliseconds >= leastMs && milliseconds <= mostMs) return milliseconds
    throw usageError(
      `${option} is out of range: ${quoted(text)}`,
      `Give ${leastMs / 1_000} to ${mostMs / 1_000} seconds: 10, or with a unit 30s, 5m.`,
    )
  }
}

/** Collects `--header name=value`. */
export function headerArgument(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw usageError(`--header is not of the form name=value: ${quoted(text)}`, "Write: --header trace=abc")
  }
  return Object.fromEntries([...Object.entries(before ?? {}), [name, value]])
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
