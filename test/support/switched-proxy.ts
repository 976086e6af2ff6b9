import type { AddressInfo } from "node:net"
import { connect, createServer, type Socket } from "node:net"
import { onTestFinished } from "vitest"

export interface SwitchedProxy {
  /** The server's URL through the proxy. */
  readonly url: string
  /**
   * `open`: everything passes · `closed`: connections break, new ones too · `silent`: nothing passes any more, and nobody is told, as in
   * a network that loses packets
   */
  switch(to: "open" | "closed" | "silent"): void
}

/** A proxy before a PostgreSQL server that a test takes away and gives back. */
export async function startSwitchedProxy(serverUrl: string): Promise<SwitchedProxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let state: "open" | "closed" | "silent" = "open"
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on("error", () => {})
      from.on("data", (data) => state === "open" && to.write(data))
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    if (state === "closed") client.destroy()
  })
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    destroyAll()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = new URL(serverUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    switch(to) {
      state = to
      if (to === "closed") destroyAll()
    },
  }
}
