import type { Parameter, Queryable, QueryOptions, Row } from "../../ports/driver.js"
import { driverClosed, rolledBackInstead } from "./driver-error.js"
import type { PgConnection } from "./pg-connection.js"

/** `begin`, the work, `commit`, on a connection that nobody else uses meanwhile. */
export async function runPgTransaction<T>(
  connection: PgConnection,
  prepare: boolean,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  await connection.run("begin")
  const transaction = new PgTransaction(connection, prepare)
  let result: T
  try {
    result = await work(transaction)
  } catch (error) {
    transaction.end()
    await rollBack(connection)
    throw error
  }
  transaction.end()
  const { command } = await connection.run("commit", [], { phase: "commit" })
  if (command !== "COMMIT") throw rolledBackInstead()
  return result
}

/** A part of the caller's own transaction: what fails in it is undone, and the caller's transaction stays usable. */
export async function runPgSavepoint<T>(
  connection: PgConnection,
  prepare: boolean,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  await connection.run("savepoint pgqueuer")
  const transaction = new PgTransaction(connection, prepare)
  try {
    const result = await work(transaction)
    transaction.end()
    await connection.run("release savepoint pgqueuer")
    return result
  } catch (error) {
    transaction.end()
    if (!connection.isBroken) await connection.run("rollback to savepoint pgqueuer; release savepoint pgqueuer")
    throw error
  }
}

class PgTransaction implements Queryable {
  readonly #connection: PgConnection
  readonly #prepare: boolean
  #ended = false

  constructor(connection: PgConnection, prepare: boolean) {
    this.#connection = connection
    this.#prepare = prepare
  }

  end(): void {
    this.#ended = true
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options: QueryOptions = {},
  ): Promise<readonly R[]> {
    if (this.#ended) throw driverClosed("A transaction", "it was committed or rolled back")
    return this.#connection.query<R>(sql, parameters, options, this.#prepare)
  }
}

// The error that led here is the one to tell. A broken connection is rolled back by the server when it ends; where it
// lives on, because it is the caller's own, the rollback waits behind the statement that was given up.
async function rollBack(connection: PgConnection): Promise<void> {
  if (connection.isBroken) connection.client.query({ text: "rollback", values: [], types }).catch(ignore)
  else await connection.run("rollback").catch(ignore)
}

const types = { getTypeParser: () => String }

function ignore(): void {}
