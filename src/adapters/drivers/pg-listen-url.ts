import { PgQueuerError } from "../../domain/errors.js"
import type { Listener, Subscription } from "../../ports/driver.js"
import { driverError } from "./driver-error.js"
import { PgConnection } from "./pg-connection.js"
import { subscribe } from "./pg-subscription.js"

/** How long a LISTEN connection may take to be made: longer than any healthy network, shorter than anyone's patience. */
const connectTimeoutMs = 10_000

/** LISTEN on a connection made for it, which is ended with the subscription. */
export async function listenOnUrl(url: string, channel: string, listener: Listener): Promise<Subscription> {
  const { default: pg } = await import("pg")
  const client = new pg.Client({ ...parsed(url), connectionTimeoutMillis: connectTimeoutMs, keepAlive: true })
  const connection = PgConnection.of(client)
  try {
    await client.connect()
  } catch (error) {
    throw driverError(error, "connect")
  }
  return subscribe(connection, channel, listener, () => client.end())
}

// Not left to the client: Node's "Invalid URL" carries the whole text, password included.
function parsed(url: string): { connectionString: string } {
  if (URL.canParse(url)) return { connectionString: url }
  throw new PgQueuerError("PGQ_CONNECTION_INVALID", "listenUrl is no valid URL", {
    remedy: "Write postgres://user:password@host:port/database, with special characters percent-encoded.",
  })
}
