import { refusal } from "../respond.js"
import type { Route, Visit } from "../route.js"

const parts = ["payload", "headers", "result", "progress"] as const

/** What is too long for a page, whole: JSON as text, bytes as a file. Nothing of it is ever run by a browser. */
export const downloadRoutes: readonly Route[] = parts.map((part) => ({
  method: "GET",
  path: `/jobs/:id/${part}`,
  needs: "viewer",
  acts: false,
  handle: (visit) => download(visit, part),
}))

async function download(visit: Visit, part: (typeof parts)[number]): Promise<Response> {
  const { site, params } = visit
  const id = params["id"]!
  const job = /^\d{1,18}$/.test(id) ? await site.queries.job(id) : undefined
  const value = job?.[part]
  if (value === undefined) return refusal(visit.request, visit, "not-found", `Job ${id} has no ${part}.`)
  const sandbox = { "content-security-policy": "default-src 'none'; sandbox" }
  if (value instanceof Uint8Array) {
    const disposition = `attachment; filename="job-${id}-${part}.bin"`
    return new Response(new Uint8Array(value), {
      headers: { ...sandbox, "content-type": "application/octet-stream", "content-disposition": disposition },
    })
  }
  const text = JSON.stringify(site.redactor.value(value), null, 2)
  return new Response(`${text}\n`, { headers: { ...sandbox, "content-type": "text/plain; charset=utf-8" } })
}
