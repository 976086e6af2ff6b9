import type { IncomingMessage, ServerResponse } from "node:http"
import type { TLSSocket } from "node:tls"
import type { Dashboard } from "./dashboard.js"

/** A request as frameworks on Node give it: express keeps the path that it takes the mount from, and may have read a form already. */
interface FrameworkRequest extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
}

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * The dashboard for what gives requests and responses of Node: `node:http`, Express, NestJS, Fastify (`request.raw`, `reply.raw`).
 * It wants the whole path, with the base path; a form that a body parser has read before is taken from there.
 */
export function nodeHandler(dashboard: Dashboard): NodeHandler {
  return async (incoming, outgoing) => {
    const left = new AbortController()
    outgoing.once("close", () => left.abort())
    const request = requestOf(incoming, left.signal)
    if (request === undefined) return void outgoing.writeHead(400).end()
    const address = incoming.socket.remoteAddress
    const response = await dashboard(request, address === undefined ? {} : { address })
    await send(response, outgoing, incoming.method === "HEAD")
  }
}

/** Undefined for a method, a host or a path that no request can have. */
function requestOf(incoming: FrameworkRequest, signal: AbortSignal): Request | undefined {
  const { method = "GET", headers } = incoming
  const isEncrypted = (incoming.socket as TLSSocket).encrypted === true
  const path = incoming.originalUrl ?? incoming.url ?? "/"
  try {
    // Two slashes at the beginning would be a host.
    const url = new URL(`${isEncrypted ? "https" : "http"}://${headers.host ?? "localhost"}${path}`)
    const hasBody = method !== "GET" && method !== "HEAD"
    return new Request(url, {
      method,
      headers: headersOf(incoming),
      signal,
      ...(hasBody ? { body: bodyOf(incoming), duplex: "half" } : {}),
    } as RequestInit)
  } catch {
    return undefined
  }
}

function headersOf({ headers }: IncomingMessage): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":")) continue
    for (const one of Array.isArray(value) ? value : [value ?? ""]) result.append(name, one)
  }
  return result
}

function bodyOf(incoming: FrameworkRequest): string | Uint8Array | IncomingMessage {
  const { body } = incoming
  if (body === undefined || body === null || !incoming.readableEnded) return incoming
  if (typeof body === "string" || body instanceof Uint8Array) return body
  return new URLSearchParams(body as Record<string, string>).toString()
}

async function send(response: Response, outgoing: ServerResponse, headOnly: boolean): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== "set-cookie") outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies)
  if (response.body === null || headOnly) {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  const reader = response.body.getReader()
  outgoing.once("close", () => void reader.cancel().catch(() => {}))
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value)) await drained(outgoing)
  }
  outgoing.end()
}

/** Resolves when more can be written, or never will be. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off("drain", settle)
      outgoing.off("close", settle)
      resolve()
    }
    outgoing.on("drain", settle)
    outgoing.on("close", settle)
  })
}
