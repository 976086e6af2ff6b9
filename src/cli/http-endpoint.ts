import { once } from "node:events"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { PgQueuerError } from "../domain/errors.js"
import { type FetchHandler, nodeListener } from "../domain/node-listener.js"

export interface HttpEndpoint {
  /** `http://host:port`, as it is reached from here. */
  readonly url: string
  /** Breaks what is under way off. */
  close(): Promise<void>
}

export interface HttpEndpointOptions {
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
  /** The option that the port comes from, for errors. */
  readonly option: string
  /** Whether it keeps the process alive; default false. */
  readonly staying?: boolean
}

/**
 * Answers HTTP requests without bodies through a fetch handler.
 *
 * @throws PgQueuerError `PGQ_PORT_UNAVAILABLE`
 */
export function openHttpEndpoint(options: HttpEndpointOptions, handle: FetchHandler): Promise<HttpEndpoint> {
  const listener = nodeListener(handle)
  return openServer(options, (request, response) => void listener(request, response))
}

/**
 * Answers HTTP requests with what Node itself gives.
 *
 * @throws PgQueuerError `PGQ_PORT_UNAVAILABLE`
 */
export async function openServer(options: HttpEndpointOptions, listener: RequestListener): Promise<HttpEndpoint> {
  const server = createServer({ requestTimeout: 10_000, keepAliveTimeout: 5_000 }, listener)
  await listen(server, options)
  if (options.staying !== true) server.unref()
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    async close() {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server, { host, port, option }: HttpEndpointOptions): Promise<void> {
  try {
    const listening = once(server, "listening")
    server.listen({ host, port })
    await listening
  } catch (cause) {
    const where = `port ${port} of ${host}`
    const [problem, remedy] = explain((cause as NodeJS.ErrnoException).code, where, option)
    throw new PgQueuerError("PGQ_PORT_UNAVAILABLE", problem, { remedy, cause })
  }
}

function explain(code: string | undefined, where: string, option: string): readonly [string, string] {
  switch (code) {
    case "EADDRINUSE":
      return [`${where} is taken`, `Give ${option} another port, or end the process that listens there.`]
    case "EACCES":
      return [`${where} may not be used by this user`, `Give ${option} a port from 1024 on.`]
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return [`${where} cannot be used: the host is no address of this machine`, "Give 127.0.0.1, or 0.0.0.0 for all."]
    default:
      return [`${where} cannot be used: ${code ?? "for an unknown reason"}`, `Give ${option} another port.`]
  }
}
