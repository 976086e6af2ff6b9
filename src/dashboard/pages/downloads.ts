import { type ValueName, valueNames } from "../../ports/job-page-store.js"
import { refusal } from "../respond.js"
import type { Route, Visit } from "../route.js"

/** What is too long for a page, whole: JSON as text, bytes as a file. Nothing of it is ever run by a browser. */
export const downloadRoutes: readonly Route[] = valueNames.map((part) => ({
  method: "GET",
  path: `/jobs/:id/${part}`,
  needs: "viewer",
  acts: false,
  handle: (visit) => download(visit, part),
}))

const sandbox = { "content-security-policy": "default-src 'none'; sandbox" }

async function download(visit: Visit, part: ValueName): Promise<Response> {
  const { site, params } = visit
  const id = params["id"]!
  const stored = /^\d{1,18}$/.test(id) ? (await site.jobPages.readValues(id, null))[part] : undefined
  if (stored !== undefined) {
    const headers = { ...sandbox, "content-type": "text/plain; charset=utf-8" }
    return new Response(`${site.redactor.json(stored.text, 2)}\n`, { headers })
  }
  const bytes = part === "payload" && /^\d{1,18}$/.test(id) ? (await site.queries.job(id))?.payload : undefined
  if (!(bytes instanceof Uint8Array)) {
    return refusal(visit.request, visit, "not-found", `Job ${id} has no ${part}.`)
  }
  const disposition = `attachment; filename="job-${id}-${part}.bin"`
  return new Response(new Uint8Array(bytes), {
    headers: { ...sandbox, "content-type": "application/octet-stream", "content-disposition": disposition },
  })
}
