import { type LogEvent, type LogLevel, logEvents } from "../domain/log-events.js"
import { redactedError } from "../domain/redact.js"

/**
 * Any object with these four methods, called with a sentence for people and fields for machines: `console`, winston and the like.
 * pino takes the fields first; the guide to logs has the ten lines that turn them round.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** Asked once when a worker starts: where `debug` is off, no line is made for each job that starts or succeeds. pino and winston have it. */
  isLevelEnabled?(level: string): boolean
}

/** Small values that a machine can read; `event` names what happened. Never a payload, unless `logPayloads` asks for them. */
export type LogFields = Readonly<Record<string, unknown>>

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }

/** Writes what happened under its name, at the level that it has. No password of a connection string gets into it. */
export function logEvent(log: Logger, event: LogEvent, message: string, fields: LogFields = {}): void {
  const line: Record<string, unknown> = { event, ...fields }
  if (line["error"] !== undefined) line["error"] = redactedError(line["error"])
  else if ("error" in line) delete line["error"]
  writeSafely(log, logEvents[event], message, line)
}

/** The same logger with these fields on every line; those of the line win. */
export function loggerWith(log: Logger, about: () => LogFields): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) =>
    log[level](message, { ...about(), ...fields })
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    isLevelEnabled: (level) => log.isLevelEnabled?.(level) ?? true,
  }
}

/** A logger that throws must not stop the work: there is no other place to tell it. */
function writeSafely(log: Logger, level: LogLevel, message: string, fields: LogFields): void {
  try {
    log[level](message, fields)
  } catch {}
}
