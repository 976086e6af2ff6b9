import { parentPort, workerData } from "node:worker_threads"
import { isOurs, messageOf } from "./failure.js"
import type { FromHealthThread, HealthThreadStart, ToHealthThread } from "./health-message.js"
import { openHttpEndpoint } from "./http-endpoint.js"

// Serves the health endpoint from a thread of its own, which answers also while the worker's event loop is blocked.

/** Without a sign of life for so long the event loop is taken to be blocked: nobody is asked. */
const blockedAfterMs = 1_000

const { host, port, signOfLife, heartbeatTimeoutMs } = workerData as HealthThreadStart
const asked = new Map<number, (response: Response) => void>()
let requests = 0

parentPort!.on("message", ({ id, status, headers, body }: ToHealthThread) => {
  asked.get(id)?.(new Response(body, { status, headers }))
  asked.delete(id)
})

try {
  const { url } = await openHttpEndpoint({ host, port, option: "--health-port", staying: true }, answer)
  tell({ kind: "open", url })
} catch (error) {
  const { code, remedy } = isOurs(error) ? error : { code: undefined, remedy: undefined }
  tell({ kind: "failed", message: messageOf(error), code, remedy })
}

function answer(request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url)
  const isKnown = ["/", "/live", "/ready"].includes(pathname.replace(/(.)\/$/, "$1"))
  if (isKnown && ageMs() >= blockedAfterMs) return blocked(pathname)
  const id = ++requests
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      asked.delete(id)
      resolve(blocked(pathname))
    }, blockedAfterMs)
    asked.set(id, (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    tell({ kind: "asked", id, method: request.method, url: request.url })
  })
}

/** Until the others take its jobs, a worker that computes is of use. */
function blocked(pathname: string): Response {
  const blockedMs = Math.round(ageMs())
  const live = blockedMs < Atomics.load(heartbeatTimeoutMs, 0)
  const isOk = pathname.startsWith("/live") && live
  const body = { live, ready: false, problems: ["event-loop-blocked"], blockedMs }
  return Response.json(body, { status: isOk ? 200 : 503, headers: { "cache-control": "no-store" } })
}

function ageMs(): number {
  return Number(process.hrtime.bigint() - Atomics.load(signOfLife, 0)) / 1_000_000
}

function tell(message: FromHealthThread): void {
  parentPort!.postMessage(message)
}
