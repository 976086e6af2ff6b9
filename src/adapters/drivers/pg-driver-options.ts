import { aBoolean, type Check, checkOptions } from "../../domain/options.js"

export interface PgDriverOptions {
  /**
   * Prepare the statements that are run again and again, once a connection. Default `true`: it saves the server the
   * parsing and planning. Must be `false` behind a pooler in transaction mode, such as PgBouncer before 1.21.
   */
  readonly prepare?: boolean
  /**
   * A connection string for LISTEN alone, past a pooler in transaction mode: there LISTEN is accepted and nothing ever
   * arrives. Default: the environment's `PGQUEUER_LISTEN_URL`, else LISTEN on the driver's own connections.
   */
  readonly listenUrl?: string
}

export interface ResolvedPgOptions {
  readonly prepare: boolean
  readonly listenUrl: string | undefined
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` for an unknown option or one of the wrong type */
export function resolvePgOptions(label: string, options: PgDriverOptions): ResolvedPgOptions {
  const listenUrl = options.listenUrl ?? (process.env["PGQUEUER_LISTEN_URL"] || undefined)
  checkOptions(label, { ...options, listenUrl }, { prepare: aBoolean, listenUrl: aUrl })
  return { prepare: options.prepare ?? true, listenUrl }
}

// The value is not shown: it may hold a password.
const aUrl: Check = (value) =>
  typeof value === "string" && /^postgres(ql)?:\/\//.test(value)
    ? undefined
    : "must begin with postgres:// or postgresql://"
