import type { PgQueuerError } from "../../domain/errors.js"
import { hasCode } from "../../domain/errors.js"
import type { Parameter, QueryOptions, Row } from "../../ports/driver.js"
import { refuseAborted, untilAborted } from "./abort.js"
import { columnDecoder } from "./column-decoder.js"
import { connectionLost, driverClosed, driverError, type Phase } from "./driver-error.js"
import { OwnTransactions } from "./own-transactions.js"
import { parameterTextOrBytes } from "./parameter-text.js"
import type { PgClient, PgResult, PgStatement } from "./pg-client.js"
import { Turns } from "./turns.js"

export interface PgRunOptions {
  /** Prepare the statement under this name, once. */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly phase?: Phase
}

/**
 * One client of pg, which takes one statement at a time: pg deprecates a second `query` before the first has ended.
 *
 * It remembers that the client was lost. A client that emits `error` with nobody listening ends the process, and a
 * pool takes its own listener off while a client is lent; so this one listens as long as the client lives.
 */
export class PgConnection {
  /** The one connection of a client: its turns and its loss are the same for every driver on it. */
  static of(client: PgClient): PgConnection {
    const known = connections.get(client)
    if (known !== undefined) return known
    const connection = new PgConnection(client)
    connections.set(client, connection)
    return connection
  }

  readonly client: PgClient
  /** For drivers that share the connection: whoever has the turn may open a transaction. */
  readonly turns = new Turns()
  readonly ownTransactions = new OwnTransactions()
  readonly #statements = new Turns()
  readonly #watchers = new Set<(error: unknown) => void>()
  readonly #listening = new Map<string, number>()
  readonly #replacements = new Map<string, number>()
  #broken: (() => PgQueuerError) | undefined

  private constructor(client: PgClient) {
    this.client = client
    client.on("error", (error) => this.#break(() => connectionLost(error)))
    client.on("end", () => this.#break(() => driverClosed("The connection")))
  }

  /** Nobody may use the client any more: it is lost, or an answer was not waited for. */
  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** @throws PgQueuerError as `Queryable.query` does */
  async run(sql: string, parameters: readonly Parameter[] = [], options: PgRunOptions = {}): Promise<PgResult> {
    refuseAborted(options.signal)
    const values = parameters.map(parameterTextOrBytes)
    await this.#statements.take(options.signal)
    try {
      return await this.#send(sql, values, options)
    } finally {
      this.#statements.pass()
    }
  }

  /** The rows of a statement, as `Queryable.query` gives them. */
  async query<R extends Row>(
    sql: string,
    parameters: readonly Parameter[] | undefined,
    { name, signal }: QueryOptions,
    prepare: boolean,
  ): Promise<readonly R[]> {
    const { rows } = await this.run(sql, parameters, { name: prepare ? name : undefined, signal })
    return rows as readonly R[]
  }

  /** Calls back once when the client is lost, until the returned function is called. */
  watch(callback: (error: unknown) => void): () => void {
    const watcher = (error: unknown) => callback(error)
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** LISTEN, counted: a client that is shared may have several listeners on one channel. */
  async listen(channel: string): Promise<void> {
    this.#listening.set(channel, (this.#listening.get(channel) ?? 0) + 1)
    await this.run(`listen ${quoted(channel)}`)
  }

  async unlisten(channel: string): Promise<void> {
    const others = (this.#listening.get(channel) ?? 1) - 1
    this.#listening.set(channel, others)
    if (others === 0 && !this.isBroken) await this.run(`unlisten ${quoted(channel)}`)
  }

  async #send(sql: string, values: PgStatement["values"], options: PgRunOptions): Promise<PgResult> {
    if (this.#broken !== undefined) throw this.#broken()
    try {
      return await untilAborted(this.#query(sql, values, options.name), options.signal, () => {
        this.#break(() => connectionLost(new Error("an answer on it was not waited for")))
      })
    } catch (thrown) {
      throw this.#failed(thrown, options.phase ?? "query")
    }
  }

  async #query(sql: string, values: PgStatement["values"], name: string | undefined): Promise<PgResult> {
    const types = { getTypeParser: columnDecoder }
    if (name === undefined) return lastResult(await this.client.query({ text: sql, values, types }))
    const replaced = this.#replacements.get(name)
    const unique = replaced === undefined ? name : `${name}_${replaced}`
    try {
      return lastResult(await this.client.query({ text: sql, values, types, name: unique }))
    } catch (error) {
      if (isStale(error)) this.#replacements.set(name, (replaced ?? 0) + 1)
      throw error
    }
  }

  #failed(thrown: unknown, phase: Phase): PgQueuerError {
    const error = driverError(thrown, phase)
    if (hasCode(error, "PGQ_CONNECTION_LOST", "PGQ_OUTCOME_UNKNOWN")) this.#break(() => connectionLost(thrown))
    if (hasCode(error, "PGQ_TIMEOUT")) this.#break(() => connectionLost(thrown))
    return error
  }

  #break(why: () => PgQueuerError): void {
    if (this.#broken !== undefined) return
    this.#broken = why
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher(why())
  }
}

const connections = new WeakMap<PgClient, PgConnection>()

function quoted(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`
}

// Several statements in one text have several results.
function lastResult(result: PgResult | readonly PgResult[]): PgResult {
  return "rows" in result ? result : (result.at(-1) as PgResult)
}

// A prepared statement that a migration has made useless fails for ever under its name: "cached plan must not change
// result type", or "does not exist" after DISCARD ALL. The next call prepares it under another one.
function isStale(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown }
  return code === "26000" || routine === "RevalidateCachedQuery"
}
