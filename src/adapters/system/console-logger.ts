import { styleText } from "node:util"
import { type LogLevel, logLevels } from "../../domain/log-events.js"
import { redact } from "../../domain/redact.js"
import type { LogFields, Logger } from "../../ports/logger.js"

export const logFormats = ["pretty", "json"] as const

export type LogFormat = (typeof logFormats)[number]

interface Settings {
  /** Lines below it are not written. */
  readonly level: LogLevel
  readonly format: LogFormat
}

/**
 * One line each to stderr, from the level in `PGQUEUER_LOG_LEVEL` up (default `warn`), in the form that `PGQUEUER_LOG_FORMAT`
 * names: `pretty` (default) for people, `json` for machines. The environment is read at the first line. Passwords of connection
 * strings, and fields of that name, are taken out.
 */
class ConsoleLogger implements Logger {
  #settings: Settings | undefined

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields)
  }

  isLevelEnabled(level: string): boolean {
    this.#settings ??= settingsFromEnvironment()
    return logLevels.indexOf(level as LogLevel) >= logLevels.indexOf(this.#settings.level)
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.isLevelEnabled(level)) return
    const { format, level: least } = this.#settings!
    const line =
      format === "json" ? jsonLine(level, message, fields) : prettyLine(level, message, fields, least === "debug")
    console.error(line)
  }
}

export const consoleLogger: Logger = new ConsoleLogger()

function settingsFromEnvironment(): Settings {
  const { PGQUEUER_LOG_LEVEL: level, PGQUEUER_LOG_FORMAT: format } = process.env
  return {
    level: logLevels.find((known) => known === level) ?? "warn",
    format: logFormats.find((known) => known === format) ?? "pretty",
  }
}

/** @internal For tests. */
export function jsonLine(level: LogLevel, message: string, fields: LogFields): string {
  return encode({ time: new Date().toISOString(), level, message: String(message), ...fields })
}

/** @internal For tests. */
export function prettyLine(level: LogLevel, message: string, fields: LogFields, withStacks: boolean): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value instanceof Error ? encode(value.message) : shown(name, value)}`)
  const stacks = withStacks ? Object.values(fields).flatMap((value) => stackOf(value)) : []
  return [["pgqueuer", coloured(level), redact(onOneLine(message)), ...details].join(" "), ...stacks].join("\n")
}

/** The name of an event needs no quotes. */
function shown(name: string, value: unknown): string {
  return name === "event" ? String(value) : encode({ [name]: value }).slice(JSON.stringify(name).length + 2, -1)
}

function stackOf(value: unknown): string[] {
  if (!(value instanceof Error)) return []
  return [redact(value.stack ?? String(value)), ...stackOf(value.cause).map((stack) => `caused by: ${stack}`)]
}

const colours = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const

function coloured(level: LogLevel): string {
  const isForPeople = process.stderr.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb"
  return isForPeople ? styleText(colours[level], level) : level
}

/** What a handler logs is whatever it likes: it must not look like another line, nor move the cursor. */
function onOneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return String(message).replace(/[\u0000-\u001f\u007f-\u009f]/g, (one) => JSON.stringify(one).slice(1, -1))
}

/** A value that JSON cannot hold is no reason to lose the line. */
function encode(value: unknown): string {
  try {
    return JSON.stringify(value, plain)
  } catch {
    return JSON.stringify(value, withoutCycles())
  }
}

function plain(name: string, value: unknown): unknown {
  if (typeof value === "string") return /^(?:pg)?password$/i.test(name) ? "***" : redact(value)
  if (typeof value === "bigint") return String(value)
  if (value instanceof Error) return aboutError(value)
  return value
}

/** Other fields, such as the `detail` of a client's error, quote what was in the tables. */
function aboutError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause, code } = error as Error & { readonly code?: unknown }
  return { name, message, code, stack, cause }
}

function withoutCycles(): (name: string, value: unknown) => unknown {
  const seen = new Set<unknown>()
  return (name, value) => {
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return "[seen above]"
      seen.add(value)
    }
    return plain(name, value)
  }
}
