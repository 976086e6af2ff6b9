import type { Driver, Parameter, QueryOptions, Row } from "../../src/ports/driver.js"

export interface CountingDriver extends Driver {
  /** The statements that were sent, by the name they have in the repository. */
  readonly statements: readonly string[]
  /** How many LISTENs are open. */
  readonly listening: number
}

/** A driver that remembers what was sent through it. */
export function countingDriver(inner: Driver): CountingDriver {
  const statements: string[] = []
  let listening = 0
  return {
    label: inner.label,
    features: inner.features,
    statements,
    get listening() {
      return listening
    },
    query<R extends Row>(sql: string, parameters?: readonly Parameter[], options?: QueryOptions) {
      statements.push(/^pgq_(\w+)_[0-9a-f]{12}$/.exec(options?.name ?? "")?.[1] ?? sql)
      return inner.query<R>(sql, parameters, options)
    },
    transaction: (work) => inner.transaction(work),
    session: () => inner.session(),
    async listen(channel, listener) {
      const subscription = await inner.listen(channel, listener)
      listening++
      return {
        async close() {
          listening--
          await subscription.close()
        },
      }
    },
  }
}
