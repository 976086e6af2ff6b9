import type { LogFields, Logger } from "../../src/ports/logger.js"

export interface RecordingLogger extends Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[]
  /** The messages of one level. */
  messages(level: "debug" | "info" | "warn" | "error"): string[]
}

/** Keeps what it hears, and prints nothing. */
export function recordingLogger(): RecordingLogger {
  const lines: RecordingLogger["lines"] = []
  const hear =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields })
  return {
    lines,
    debug: hear("debug"),
    info: hear("info"),
    warn: hear("warn"),
    error: hear("error"),
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
  }
}
