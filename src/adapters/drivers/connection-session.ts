import type { Parameter, Queryable, QueryOptions, Row, Session } from "../../ports/driver.js"
import { driverClosed } from "./driver-error.js"

/** Something to run statements on that tells of its loss: the callback is called once, until it is taken back. */
export interface WatchedConnection extends Queryable {
  readonly isBroken: boolean
  watch(callback: (error: unknown) => void): () => void
}

/** The session of a driver: a connection of its own, or its share of the only one. */
export class ConnectionSession implements Session {
  readonly #connection: WatchedConnection
  readonly #giveBack: (discard: boolean) => Promise<void>
  readonly #unwatch: (() => void)[] = []
  #pending = 0
  #released: Promise<void> | undefined

  /** @param giveBack - called once, at release */
  constructor(connection: WatchedConnection, giveBack: (discard: boolean) => Promise<void>) {
    this.#connection = connection
    this.#giveBack = giveBack
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    if (this.#released !== undefined) throw driverClosed("A session", "it was released")
    this.#pending++
    try {
      return await this.#connection.query<R>(sql, parameters, options)
    } finally {
      this.#pending--
    }
  }

  onLost(callback: (error: unknown) => void): void {
    if (this.#released !== undefined) return
    const unwatch = this.#connection.watch((error) => {
      if (this.#pending === 0) callback(error)
    })
    this.#unwatch.push(unwatch)
  }

  release(options: { readonly discard?: boolean } = {}): Promise<void> {
    for (const unwatch of this.#unwatch.splice(0)) unwatch()
    this.#released ??= this.#giveBack(options.discard === true || this.#connection.isBroken)
    return this.#released
  }
}
