import type { LogFields, Logger } from "../../ports/logger.js"

const levels = ["debug", "info", "warn", "error"] as const

type Level = (typeof levels)[number]

/** One line each to stderr, from the level in `PGQUEUER_LOG_LEVEL` up; default `warn`. */
export const consoleLogger: Logger = {
  debug: (message, fields) => write("debug", message, fields),
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
}

function write(level: Level, message: string, fields: LogFields | undefined): void {
  const least = levels.indexOf(process.env["PGQUEUER_LOG_LEVEL"] as Level)
  if (levels.indexOf(level) < (least === -1 ? levels.indexOf("warn") : least)) return
  console.error(line(level, message, fields))
}

function line(level: string, message: string, fields: LogFields = {}): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value instanceof Error ? JSON.stringify(value.message) : JSON.stringify(value)}`)
  return ["pgqueuer", level, message, ...details].join(" ")
}
