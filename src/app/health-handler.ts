import { checkOptions, show } from "../domain/options.js"
import type { Health } from "./health.js"

export interface HealthHandlerOptions {
  /** Under which path it is mounted, such as `"/health"`; default: none. */
  readonly basePath?: string
}

/**
 * Answers requests about the health of a worker, to be mounted wherever requests are answered with `fetch` handlers: `/live` and
 * `/ready` for probes, with 200 or 503, and `/` with all of `health()` as JSON and the status of `/ready`. Other paths are a 404.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function healthHandler(
  worker: { health(): Health },
  options: HealthHandlerOptions = {},
): (request: Request) => Response {
  checkOptions("healthHandler", options, { basePath: aPath })
  const basePath = (options.basePath ?? "").replace(/\/$/, "")
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, { error: "GET or HEAD" }, readOnly)
    const { pathname } = new URL(request.url)
    if (!`${pathname}/`.startsWith(`${basePath}/`)) return answer(404, unknownPath)
    return answerTo(pathname.slice(basePath.length).replace(/\/$/, ""), worker.health())
  }
}

function answerTo(path: string, health: Health): Response {
  const { state, since, live, ready, problems } = health
  if (path === "/live") return answer(live ? 200 : 503, { live, state, since })
  if (path === "/ready") return answer(ready ? 200 : 503, { ready, state, since, problems })
  return path === "" ? answer(ready ? 200 : 503, health) : answer(404, unknownPath)
}

const unknownPath = { error: "there are /, /live and /ready" }
const readOnly = { allow: "GET, HEAD" }

function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  })
}

function aPath(value: unknown): string | undefined {
  return typeof value === "string" && (value === "" || value.startsWith("/"))
    ? undefined
    : `must be a path that begins with a slash, not ${show(value)}`
}
