import type { Job } from "../../domain/job.js"
import { handlerEvent } from "../../domain/log-events.js"
import { storable } from "../../domain/storable.js"
import type { LogFields, Logger } from "../../ports/logger.js"
import type { Notes } from "./notes.js"

/** More lines of one attempt are for the worker's log alone. */
const mostLines = 1_000

const mostFieldBytes = 16_384

/** The logger of one run: the worker's, with the job's id on each line. From `info` up, lines are kept with the job as well. */
export function jobLogger(log: Logger, job: Job, notes: Notes): Logger {
  const about = { event: handlerEvent, job: job.id, entrypoint: job.entrypoint, attempt: job.attempt }
  let lines = 0
  const write = (level: "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
    log[level](message, { ...about, ...fields })
    lines++
    if (lines > mostLines + 1) return
    const line = lines > mostLines ? { ...tooMany, fields: null } : { level, ...readable(message, fields) }
    notes.line({ jobId: job.id, attempt: job.attempt, ...line })
  }
  return {
    debug: (message, fields) => log.debug(message, { ...about, ...fields }),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  }
}

const tooMany = {
  level: "warn",
  message: `more than ${mostLines.toLocaleString("en")} lines: the rest of this attempt is in the worker's log only`,
} as const

/** What a handler logs is whatever it likes; a line that cannot be stored must not make it fail. */
function readable(message: unknown, fields: unknown): { readonly message: string; readonly fields: string | null } {
  try {
    return { message: storable(String(message)), fields: fields == null ? null : encode(fields) }
  } catch {
    return { message: "a line that cannot be shown", fields: null }
  }
}

function encode(fields: unknown): string | null {
  const json = JSON.stringify(fields, plain)
  if (json === undefined) return null
  const bytes = Buffer.byteLength(json)
  return bytes <= mostFieldBytes ? json : JSON.stringify({ omitted: `${bytes} bytes of fields` })
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value)
  if (value instanceof Error) return { ...value, name: value.name, message: value.message, stack: value.stack }
  return value
}
