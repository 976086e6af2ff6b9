import { PgQueuerError } from "../../domain/errors.js"
import { driverClosed, driverError } from "./driver-error.js"
import type { PgClient } from "./pg-client.js"
import type { PgConnection } from "./pg-connection.js"

/**
 * Refuses a client that is inside a transaction though its driver wants none, or the other way round: work would wait
 * for a commit that nobody connects with it, or take effect without the transaction that it should belong to.
 *
 * @param refused - `"open"` connects a client first that is not connected yet
 * @throws PgQueuerError `PGQ_DRIVER_BUSY` when a transaction is open, `PGQ_DRIVER_CLOSED` when there is none
 */
export async function refuseTransactionStatus(
  connection: PgConnection,
  refused: "open" | "none",
  label: string,
): Promise<void> {
  if (connection.isBroken) return
  const isOpen = await isInTransaction(connection)
  if (refused === "open" && isOpen) throw insideForeignTransaction(label)
  if (refused === "none" && !isOpen) throw driverClosed(label, "no transaction is open on the client")
}

async function isInTransaction(connection: PgConnection): Promise<boolean> {
  const { client } = connection
  if (client.getTransactionStatus === undefined) return askServer(connection)
  const status = client.getTransactionStatus()
  if (status === null && isUnconnected(client)) await connect(client)
  return status === "T" || status === "E"
}

// A second `connect` would take the answer away from whoever called the first, so the socket has to say whether there
// was one. Statements to a client without any wait for ever.
function isUnconnected({ connection }: PgClient): boolean {
  const { stream } = (connection ?? {}) as { stream?: { pending?: boolean; connecting?: boolean } }
  return stream?.pending === true && stream.connecting === false
}

async function connect(client: PgClient): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw driverError(error, "connect")
  }
}

const checked = new WeakSet<PgConnection>()

// For versions of pg that do not keep the status. Without parameters this goes as a simple query, in which a transaction
// of its own starts at the very time of the statement, and one opened before does not. Asked once a connection and
// answer, because it costs a round trip.
async function askServer(connection: PgConnection): Promise<boolean> {
  if (checked.has(connection)) return false
  try {
    const { rows } = await connection.run("select now() <> statement_timestamp() as inside")
    const isInside = rows[0]?.["inside"] === true
    if (!isInside) checked.add(connection)
    return isInside
  } catch (error) {
    if (error instanceof PgQueuerError && error.sqlState === "25P02") return true
    throw error
  }
}

function insideForeignTransaction(label: string): PgQueuerError {
  return new PgQueuerError("PGQ_DRIVER_BUSY", `${label} was used while a transaction is open on its client`, {
    remedy: "To take part in the transaction use PgDriver.inTransaction(client); else give the driver its own client.",
  })
}
