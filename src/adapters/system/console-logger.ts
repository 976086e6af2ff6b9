import type { LogFields, Logger } from "../../ports/logger.js"

/** Warnings and errors, one line each, to stderr. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, fields) => console.error(line("warn", message, fields)),
  error: (message, fields) => console.error(line("error", message, fields)),
}

function line(level: string, message: string, fields: LogFields = {}): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value instanceof Error ? JSON.stringify(value.message) : JSON.stringify(value)}`)
  return ["pgqueuer", level, message, ...details].join(" ")
}
