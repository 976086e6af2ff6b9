import type { Listener, Subscription } from "../../ports/driver.js"
import type { PgNotification } from "./pg-client.js"
import type { PgConnection } from "./pg-connection.js"

/**
 * LISTEN on a connection.
 *
 * @param giveBack - called once: after `close`, when the connection is lost, or when LISTEN fails
 */
export async function subscribe(
  connection: PgConnection,
  channel: string,
  listener: Listener,
  giveBack: () => Promise<void>,
): Promise<Subscription> {
  const hear = (message: PgNotification) => {
    if (message.channel === channel) listener.onNotification(message.payload ?? "")
  }
  const stop = () => {
    unwatch()
    connection.client.removeListener("notification", hear)
  }
  const unwatch = connection.watch((error) => {
    stop()
    giveBack().then(
      () => listener.onLost(error),
      () => listener.onLost(error),
    )
  })
  connection.client.on("notification", hear)
  try {
    await connection.listen(channel)
  } catch (error) {
    stop()
    await giveBack()
    throw error
  }
  let closing: Promise<void> | undefined
  return { close: () => (closing ??= close(connection, channel, stop, giveBack)) }
}

async function close(
  connection: PgConnection,
  channel: string,
  stop: () => void,
  giveBack: () => Promise<void>,
): Promise<void> {
  stop()
  try {
    await connection.unlisten(channel)
  } catch {
    // Nobody listens any more, and a connection that cannot say so is discarded by `giveBack`.
  }
  await giveBack()
}
