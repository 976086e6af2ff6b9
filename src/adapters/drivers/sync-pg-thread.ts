import { type MessagePort, workerData } from "node:worker_threads"
import pg from "pg"
import { hasCode, PgQueuerError } from "../../domain/errors.js"
import type { Parameter, Row } from "../../ports/driver.js"
import { driverError, rolledBackInstead } from "./driver-error.js"
import { PgConnection } from "./pg-connection.js"
import { type Answer, cell, gate, type Request, type ThreadStart, toFailure } from "./sync-pg-message.js"

// The other side of SyncPgDriver: it runs in a thread of its own and answers one request at a time.

const { connection: settings, timeoutMs, cells, port } = workerData as ThreadStart & { readonly port: MessagePort }

/** The server gives up before the caller does, so that the caller hears of it. */
const statementTimeoutMs = Math.ceil(timeoutMs * 0.9)

let connected: PgConnection | undefined

port.on("message", (request: Request) => {
  answer(request).then((message) => {
    port.postMessage(message)
    Atomics.add(cells, cell.answers, 1)
    Atomics.notify(cells, cell.answers)
    if (request.kind === "end") port.close()
  })
})

async function answer(request: Request): Promise<Answer> {
  try {
    return { rows: await serve(request) }
  } catch (error) {
    return { failure: toFailure(asTimeout(driverError(error, "query"))) }
  }
}

async function serve(request: Request): Promise<readonly Row[]> {
  switch (request.kind) {
    case "query":
      return runAlone(request.sql, request.parameters)
    case "statement":
      return run(request.sql, request.parameters)
    case "begin":
      return begin()
    case "commit":
      return commit()
    case "rollback":
      return rollBack()
    case "end":
      await connected?.client.end()
      return []
  }
}

async function runAlone(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
  await begin()
  try {
    const rows = await run(sql, parameters)
    await commit()
    return rows
  } catch (error) {
    await rollBack().catch(() => {})
    throw error
  }
}

async function begin(): Promise<readonly Row[]> {
  if (connected === undefined || connected.isBroken) connected = await connect()
  await connected.run(`begin; set local statement_timeout = ${statementTimeoutMs}`)
  return []
}

async function run(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
  const { rows } = await (connected as PgConnection).run(sql, parameters)
  return rows
}

async function commit(): Promise<readonly Row[]> {
  const found = Atomics.compareExchange(cells, cell.gate, gate.open, gate.committing)
  if (found === gate.abandoned) return rollBack()
  const { command } = await (connected as PgConnection).run("commit", [], { phase: "commit" })
  if (command !== "COMMIT") throw rolledBackInstead()
  return []
}

async function rollBack(): Promise<readonly Row[]> {
  if (connected !== undefined && !connected.isBroken) await connected.run("rollback")
  return []
}

async function connect(): Promise<PgConnection> {
  const given = typeof settings === "string" ? { connectionString: settings } : settings
  try {
    const client = new pg.Client({ connectionTimeoutMillis: timeoutMs, keepAlive: true, ...given })
    const connection = PgConnection.of(client)
    await client.connect()
    return connection
  } catch (error) {
    throw driverError(error, "connect")
  }
}

function asTimeout(error: PgQueuerError): PgQueuerError {
  if (!hasCode(error, "PGQ_QUERY_FAILED") || error.sqlState !== "57014") return error
  return new PgQueuerError("PGQ_TIMEOUT", `The server ended the statement after ${statementTimeoutMs} ms`, {
    remedy: "Nothing was committed: try again, or raise the timeout of SyncPgDriver.",
    sqlState: error.sqlState,
    cause: error.cause,
  })
}
