import { PgQueuerError } from "../../domain/errors.js"
import type { Placement } from "../../domain/names.js"
import type { Driver, Queryable } from "../../ports/driver.js"
import type { SchemaState, SchemaStore } from "../../ports/schema-store.js"
import { codeVersion, type Migration, migrationsFor } from "./migrations.js"
import { qualified, Statements } from "./statement.js"

/** Creates, upgrades, checks and removes the tables of one placement. */
export class PostgresSchemaStore implements SchemaStore {
  readonly codeVersion = codeVersion
  readonly #driver: Driver
  readonly #placement: Placement
  readonly #migrations: readonly Migration[]
  readonly #statements: Statements

  constructor(driver: Driver, placement: Placement) {
    this.#driver = driver
    this.#placement = placement
    this.#migrations = migrationsFor(placement)
    this.#statements = new Statements(placement)
  }

  readState(): Promise<SchemaState | undefined> {
    return this.#readState(this.#driver)
  }

  /** Applies what is missing, in one transaction; two at once wait for each other. */
  async migrate(): Promise<readonly number[]> {
    return this.#driver.transaction(async (transaction) => {
      await transaction.query("select pg_advisory_xact_lock(hashtextextended($1::text, 0))", [this.#lockName()])
      const state = await this.#readState(transaction)
      await this.#createSchema(transaction)
      const pending = this.#migrations.filter((migration) => migration.version > (state?.version ?? 0))
      for (const migration of pending) await this.#apply(transaction, migration)
      return pending.map((migration) => migration.version)
    })
  }

  /** The same as SQL that psql runs as it is. */
  script(fromVersion: number): string {
    const { schema } = this.#placement
    const lines = [
      "begin",
      `select pg_advisory_xact_lock(hashtextextended('${this.#lockName()}', 0))`,
      `create schema if not exists "${schema}"`,
    ]
    for (const { version, serves, statements } of this.#migrations) {
      if (version <= fromVersion) continue
      lines.push(
        ...statements,
        `insert into ${qualified(this.#placement, "migration")} (version, serves) values (${version}, ${serves})`,
      )
    }
    return `${[...lines, "commit"].join(";\n\n")};\n`
  }

  async uninstall(): Promise<void> {
    await this.#driver.transaction(async (transaction) => {
      await transaction.query("select pg_advisory_xact_lock(hashtextextended($1::text, 0))", [this.#lockName()])
      await transaction.query(`drop view if exists ${qualified(this.#placement, "job_status")}`)
      const tables = expectedTables.map((name) => qualified(this.#placement, name))
      await transaction.query(`drop table if exists ${tables.join(", ")}`)
      const functions = await this.#presentFunctions(transaction)
      if (functions.length > 0) await transaction.query(`drop function ${functions.join(", ")}`)
      const [left] = await transaction.query(
        "select exists (select from pg_catalog.pg_class where relnamespace = to_regnamespace($1::text)) or exists (select from pg_catalog.pg_proc where pronamespace = to_regnamespace($1::text)) or to_regnamespace($1::text) is null as keep",
        [`"${this.#placement.schema}"`],
      )
      if (left?.["keep"] === false && this.#placement.schema !== "public") {
        await transaction.query(`drop schema "${this.#placement.schema}"`)
      }
    })
  }

  async findMissing(): Promise<readonly string[]> {
    const names = [...expectedTables, ...expectedIndexes, "job_status"].map((name) => qualified(this.#placement, name))
    const rows = await this.#driver.query<{ name: string }>(
      "select name from unnest($1::text[]) as name where to_regclass(name) is null order by name",
      [names],
    )
    const present = await this.#presentFunctions(this.#driver)
    const functions = this.#functions().filter((name) => !present.includes(name))
    return [...rows.map((row) => row.name), ...functions].map((name) => name.replaceAll('"', ""))
  }

  async #presentFunctions(on: Queryable): Promise<readonly string[]> {
    const rows = await on.query<{ name: string }>(
      "select name from unnest($1::text[]) as name where to_regprocedure(name) is not null",
      [this.#functions()],
    )
    return rows.map((row) => row.name)
  }

  #functions(): readonly string[] {
    return expectedFunctions.map((signature) => {
      const [name, parameters] = signature.split("(")
      return `${qualified(this.#placement, name!)}(${parameters}`
    })
  }

  async #readState(on: Queryable): Promise<SchemaState | undefined> {
    // Not to_regclass: after the wait for the lock it answers from a cache that the other install has made stale. Opening
    // the catalog's own table makes the session catch up, and what follows sees what is there.
    const [row] = await on.query<{ present: boolean }>(
      "select exists (select from pg_catalog.pg_class as class join pg_catalog.pg_namespace as space on space.oid = class.relnamespace where space.nspname = $1::text and class.relname = $2::text) as present",
      [this.#placement.schema, `${this.#placement.prefix}migration`],
    )
    if (row?.present !== true) return undefined
    const [state] = await this.#statements.run<{ version: number; serves: number }>(on, "read_version")
    return state
  }

  async #createSchema(transaction: Queryable): Promise<void> {
    const { schema } = this.#placement
    const [row] = await transaction.query("select to_regnamespace($1::text) is null as missing", [`"${schema}"`])
    if (row?.["missing"] === true) await transaction.query(`create schema "${schema}"`)
  }

  async #apply(transaction: Queryable, migration: Migration): Promise<void> {
    for (const statement of migration.statements) {
      try {
        await transaction.query(statement)
      } catch (error) {
        if (error instanceof PgQueuerError && occupied.includes(error.sqlState ?? "")) throw this.#occupied(error)
        throw error
      }
    }
    await this.#statements.run(transaction, "record_migration", [migration.version, migration.serves])
  }

  #occupied(cause: PgQueuerError): PgQueuerError {
    return new PgQueuerError(
      "PGQ_NAME_INVALID",
      `schema ${this.#placement.schema} has something of this name already that is not ours: ${cause.message}`,
      { remedy: "Choose another schema or a prefix (--schema, --prefix).", cause },
    )
  }

  #lockName(): string {
    return `pgqueuer install ${this.#placement.schema}.${this.#placement.prefix}`
  }
}

/** SQLSTATE: there is a table, or a function, of this name. */
const occupied: readonly string[] = ["42P07", "42723"]

const jobParameters = "integer, timestamptz, text, json, integer, interval, timestamptz, text, interval, interval"

const expectedFunctions = [
  `enqueue(text, json, ${jobParameters})`,
  `enqueue_bytes(text, bytea, ${jobParameters})`,
  "enqueue_many(json, text)",
  "enqueue_rows(text[], integer[], json[], bytea[], json[], timestamptz[], interval[], integer[], interval[], timestamptz[], interval[], text[], text)",
] as const

/** Without schema and prefix. */
export const expectedTables = [
  "migration",
  "job",
  "ready",
  "deferred",
  "claim",
  "held",
  "outcome",
  "failure",
  "worker",
  "entrypoint",
  "gate",
  "lease",
  "dedupe",
  "expiry",
  "watcher",
  "progress",
  "log_line",
  "upkeep",
  "schedule",
  "schedule_run",
  "rollup_entry",
  "rollup",
  "sample",
  "audit",
] as const

/** Rows are only added to them, and taken out together. */
export const tablesWithoutKey: readonly string[] = ["rollup_entry", "rollup"]

const expectedIndexes = [
  "ready_moved_idx",
  "ready_suspect_idx",
  "deferred_run_at_idx",
  "claim_worker_idx",
  "outcome_finished_at_idx",
  "failure_job_idx",
  "worker_alive_idx",
  "dedupe_job_idx",
  "expiry_expire_at_idx",
  "log_line_job_idx",
  "schedule_run_name_idx",
  "schedule_run_open_idx",
  "schedule_run_ended_idx",
  "rollup_entrypoint_idx",
  "rollup_span_idx",
  "sample_at_idx",
  "outcome_failed_idx",
  "audit_at_idx",
] as const
