/** Answers requests as `fetch` is called: what frameworks and servers of all kinds can mount. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/** What Node's HTTP server and the frameworks on it give to a listener, as far as it is used. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body?: Uint8Array): unknown
}

export type NodeListener = (request: NodeRequest, response: NodeResponse) => Promise<void>

/**
 * A fetch handler for requests without bodies as a listener of Node's HTTP server, to be mounted in Express and the like, too. What the
 * handler throws is answered with 500, a request that cannot be one with 400.
 */
export function nodeListener(handle: FetchHandler): NodeListener {
  return async (incoming, outgoing) => {
    const request = asRequest(incoming)
    const response = request === undefined ? new Response(null, { status: 400 }) : await answerTo(handle, request)
    const body = incoming.method === "HEAD" ? undefined : Buffer.from(await response.arrayBuffer())
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(body)
  }
}

async function answerTo(handle: FetchHandler, request: Request): Promise<Response> {
  try {
    return await handle(request)
  } catch {
    return new Response(null, { status: 500 })
  }
}

/** Undefined for a method, a path or headers that no request can have. */
function asRequest({ method = "GET", url = "/", headers: given }: NodeRequest): Request | undefined {
  try {
    const headers = new Headers()
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined) headers.set(name, typeof value === "string" ? value : value.join(", "))
    }
    return new Request(new URL(url, "http://localhost"), { method, headers })
  } catch {
    return undefined
  }
}
