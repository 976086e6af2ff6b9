import { connect, createServer, type Socket } from "node:net"
import { onTestFinished } from "vitest"

export interface CuttingProxy {
  /** The server's URL through the proxy. */
  readonly url: string
  readonly cuts: number
  /** From now on every so many exchanges one is cut off: the server commits it, and its reply is never delivered. */
  cutEvery(exchanges: number): void
}

/** What a client sends when it claims or hands in: the name of the prepared statement stands in the message Bind, in plain text. */
const claimsAndEnds = ["pgq_exchange_", "pgq_claim_"]

/** ReadyForQuery, idle or inside a transaction. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const readyForQuery = [0x49, 0x54].map((state) => Buffer.from([0x5a, 0, 0, 0, 5, state]))

/**
 * A proxy before a PostgreSQL server that cuts connections between a statement and its reply; for one outside of a transaction that is
 * after its COMMIT.
 *
 * @param marks - what is sent with the statements that are meant
 */
export async function startCuttingProxy(
  serverUrl: string,
  marks: readonly string[] = claimsAndEnds,
): Promise<CuttingProxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let [cuts, exchanges, every] = [0, 0, Number.POSITIVE_INFINITY]
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    let swallowing = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on("data", (data) => {
      if (marks.some((mark) => data.includes(mark)) && ++exchanges >= every) {
        exchanges = 0
        swallowing = true
      }
      upstream.write(data)
    })
    upstream.on("data", (data) => {
      if (!swallowing) client.write(data)
      else if (readyForQuery.some((end) => data.subarray(-end.length).equals(end))) {
        cuts++
        client.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = new URL(serverUrl)
  url.hostname = "127.0.0.1"
  url.port = String((server.address() as { port: number }).port)
  return {
    url: url.href,
    get cuts() {
      return cuts
    },
    cutEvery(count) {
      every = count
    },
  }
}
