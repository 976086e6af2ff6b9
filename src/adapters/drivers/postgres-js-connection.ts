import { PgQueuerError } from "../../domain/errors.js"
import type { Parameter, QueryOptions, Row } from "../../ports/driver.js"
import { refuseAborted, untilAborted } from "./abort.js"
import { columnDecoders } from "./column-decoder.js"
import type { WatchedConnection } from "./connection-session.js"
import { connectionLost, driverClosed, driverError } from "./driver-error.js"
import type { PostgresJsOptions, PostgresJsStatements } from "./postgres-js-client.js"
import { preparePostgresJs } from "./postgres-js-statement.js"

/**
 * One connection of postgres.js outside the caller's pool, made with the caller's options.
 *
 * `sql.reserve()` would give one of the pool, but when such a connection is lost nothing tells of it, and the next
 * statement on it throws where nobody can catch: the process ends. An instance of one connection tells `onclose`.
 */
export class PostgresJsConnection implements WatchedConnection {
  readonly #client: PostgresJsInstance
  readonly #prepare: boolean
  readonly #watchers = new Set<(error: unknown) => void>()
  #broken: (() => PgQueuerError) | undefined

  private constructor(connect: (settings: Settings) => PostgresJsInstance, prepare: boolean, hear: Hear) {
    this.#prepare = prepare
    this.#client = connect({
      max: 1,
      idle_timeout: null,
      max_lifetime: null,
      fetch_types: false,
      onclose: () => this.#break(() => connectionLost(undefined)),
      onnotify: hear,
    })
  }

  /**
   * @param origin - the options of the caller's instance, or a connection string
   * @param hear - is called with channel and payload of every notification
   */
  static async open(
    origin: PostgresJsOptions | string,
    prepare: boolean,
    hear: Hear = () => {},
  ): Promise<PostgresJsConnection> {
    const postgres = await loadPostgres()
    const connect = (settings: Settings) => postgres(...instanceArguments(origin, settings))
    const connection = new PostgresJsConnection(connect, prepare, hear)
    try {
      await connection.query("select 1")
    } catch (error) {
      await connection.end()
      throw driverError(error instanceof PgQueuerError ? (error.cause ?? error) : error, "connect")
    }
    return connection
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters: readonly Parameter[] = [],
    { name, signal }: QueryOptions = {},
  ): Promise<readonly R[]> {
    refuseAborted(signal)
    if (this.#broken !== undefined) throw this.#broken()
    const prepare = this.#prepare && name !== undefined
    try {
      const rows = Promise.resolve(preparePostgresJs(this.#client, sql, parameters, prepare))
      return await untilAborted(rows as Promise<readonly R[]>, signal, () => {
        this.#break(() => connectionLost(new Error("an answer on it was not waited for")))
        this.#destroy()
      })
    } catch (error) {
      throw driverError(error, "query")
    }
  }

  watch(callback: (error: unknown) => void): () => void {
    const watcher = (error: unknown) => callback(error)
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  async end(): Promise<void> {
    this.#broken ??= () => driverClosed("A connection")
    this.#watchers.clear()
    await this.#client.end({ timeout: 0 })
  }

  #break(why: () => PgQueuerError): void {
    if (this.#broken !== undefined) return
    this.#broken = why
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher(why())
  }

  #destroy(): void {
    this.#client.end({ timeout: 0 }).catch(() => {})
  }
}

type Hear = (channel: string, payload: string) => void

interface Settings {
  readonly max: 1
  readonly idle_timeout: null
  readonly max_lifetime: null
  readonly fetch_types: false
  readonly onclose: () => void
  readonly onnotify: Hear
}

interface PostgresJsInstance extends PostgresJsStatements {
  end(options: { timeout: number }): Promise<void>
}

type Postgres = (...options: readonly unknown[]) => PostgresJsInstance

async function loadPostgres(): Promise<Postgres> {
  try {
    const { default: postgres } = await import("postgres")
    return postgres as unknown as Postgres
  } catch (cause) {
    throw new PgQueuerError("PGQ_UNSUPPORTED", "The package postgres cannot be loaded", {
      remedy: "Install it where pgqueuer is installed: npm install postgres",
      cause,
    })
  }
}

// Options that are resolved already, which `shared` marks, are taken as they are; postgres.js makes the connection of
// its own `sql.listen` in this way.
function instanceArguments(origin: PostgresJsOptions | string, settings: Settings): readonly unknown[] {
  if (typeof origin === "string") return [origin, settings]
  const untransformed = { undefined: undefined, column: {}, value: {}, row: {} }
  const shared = { retries: 0, typeArrayMap: {} }
  return [{ ...origin, ...settings, types: {}, parsers: columnDecoders(), transform: untransformed, shared }]
}
