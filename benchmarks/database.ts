import { setTimeout as pause } from "node:timers/promises"
import pg from "pg"
import { processorMs } from "./processor-time.ts"

export interface DatabaseParts {
  readonly name: string
  readonly url: string
  /** On another database of the server, so that looking does not count as use. */
  readonly admin: pg.Pool
  readonly serverPid: number | undefined
}

/** What the server has done up to now. */
export interface ServerCounters {
  readonly walBytes: number
  /** Rows updated and deleted: each leaves a dead one. */
  readonly deadRows: number
  readonly transactions: number
  /** Undefined where the system doesn't tell, or the server was given. */
  readonly processorMs: number | undefined
}

/** The database of one measurement, seen from outside. */
export class Database {
  readonly url: string
  readonly #parts: DatabaseParts
  readonly #observer: pg.Client
  #connected: Promise<unknown> | undefined

  constructor(parts: DatabaseParts) {
    this.url = parts.url
    this.#parts = parts
    // A count of what is left must cost as little late in a run as early, so it goes by the ids also where nothing was analysed yet.
    this.#observer = new pg.Client({ connectionString: parts.url, options: "-c enable_seqscan=off" })
    this.#observer.on("error", () => {})
  }

  /** One number, by SQL. */
  async number(sql: string, parameters: readonly unknown[] = []): Promise<number> {
    this.#connected ??= this.#observer.connect()
    await this.#connected
    const { rows } = await this.#observer.query<[unknown]>({ text: sql, values: [...parameters], rowMode: "array" })
    return Number(rows[0]?.[0])
  }

  /** Brings the server to rest, so that no measurement pays for the one before. */
  async settle(): Promise<void> {
    await this.#parts.admin.query("checkpoint")
  }

  /** Waits for the sessions of the participants to end, with which they hand in their counts. */
  async untilAlone(): Promise<void> {
    const sql =
      "select count(*) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and backend_type = 'client backend'"
    for (let tries = 0; tries < 1_000 && (await this.number(sql, [this.#parts.name])) > 0; tries++) await pause(5)
  }

  async counters(): Promise<ServerCounters> {
    const { name, admin, serverPid } = this.#parts
    const deadRows = await this.number("select coalesce(sum(n_tup_upd + n_tup_del), 0) from pg_stat_user_tables")
    const { rows } = await admin.query<{ wal: string; transactions: string }>(
      `select pg_current_wal_insert_lsn() - '0/0' as wal, xact_commit + xact_rollback as transactions
      from pg_stat_database where datname = $1`,
      [name],
    )
    return {
      walBytes: Number(rows[0]!.wal),
      deadRows,
      transactions: Number(rows[0]!.transactions),
      processorMs: serverPid === undefined ? undefined : await processorMs(serverPid),
    }
  }

  /** Another session that keeps a transaction with a snapshot and a transaction id open. Answers with the function that ends it. */
  async holdSnapshot(): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: this.url })
    client.on("error", () => {})
    await client.connect()
    await client.query("begin isolation level repeatable read")
    await client.query("select pg_current_xact_id()")
    return () => client.end()
  }

  async drop(): Promise<void> {
    if (this.#connected !== undefined) await this.#observer.end()
    await this.#parts.admin.query(`drop database ${this.#parts.name} with (force)`)
  }
}
