import { Pool } from "pg"
import { type Job, type LogFields, type Logger, PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

/** pino takes the fields first. */
type FieldsFirst = Record<"debug" | "info" | "warn" | "error", (fields: LogFields, message: string) => void> & {
  isLevelEnabled(level: string): boolean
}

function fromPino(pino: FieldsFirst): Logger {
  return {
    debug: (message, fields = {}) => pino.debug(rename(fields), message),
    info: (message, fields = {}) => pino.info(rename(fields), message),
    warn: (message, fields = {}) => pino.warn(rename(fields), message),
    error: (message, fields = {}) => pino.error(rename(fields), message),
    isLevelEnabled: (level) => pino.isLevelEnabled(level),
  }
}

/** pino writes stacks for errors under the name err. */
const rename = ({ error, ...fields }: LogFields) => (error === undefined ? fields : { ...fields, err: error })

export function main(pino: FieldsFirst) {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()), { logger: fromPino(pino) })
  pgq.entrypoint("import", (_job: Job, context) => {
    context.log.info("imported", { event: "import.done", rows: 3 })
  })
  return pgq
}
