import { PgQueuerError } from "../domain/errors.js"
import { logEvent } from "../ports/logger.js"
import { EmptyState } from "./components/empty-state.js"
import { FailureState, failureStatus } from "./components/failure-state.js"
import { Bare, Frame } from "./components/frame.js"
import { NotThere } from "./not-there.js"
import type { AnyPage, Viewing, Visit } from "./route.js"

/** A page in its frame. What cannot be read becomes a page that says what to do, and comes back by itself. */
export async function respondWithPage(page: AnyPage, visit: Visit): Promise<Response> {
  try {
    const data = await page.load(visit)
    const main = page.view(data, visit)
    return html(Frame({ visit, title: page.title(data), scripts: page.scripts ?? [], main, live: page.still !== true }))
  } catch (error) {
    if (error instanceof NotThere) return refusal(visit.request, visit, "not-found", error.message)
    reportUnexpected(visit, error)
    const main = <FailureState error={error} />
    return html(
      Frame({ visit, title: "No answer", scripts: page.scripts ?? [], main, live: true }),
      failureStatus(error),
    )
  }
}

/** The contents of a page's `<main>`. */
export function renderPage(page: AnyPage, data: unknown, viewing: Viewing): string {
  return String(page.view(data, viewing))
}

export function redirect(to: string, status: 303 | 308 = 303): Response {
  return new Response(null, { status, headers: { location: to } })
}

/** A page that asks for the same path again, as a page of this site. */
export function bounce(path: string): Response {
  return html(
    <html lang="en">
      <head>
        <meta http-equiv="refresh" content={`0; url=${path}`} />
        <title>One moment</title>
      </head>
      <body />
    </html>,
  )
}

export type Refusal = keyof typeof refusals

const refusals = {
  "wrong-host": [
    421,
    "Wrong address",
    "This dashboard does not answer to that name. Open it by the address it was started with.",
  ],
  "not-found": [404, "Not there", "There is no such page."],
  "wrong-method": [405, "Not possible", "This address does not take such a request."],
  "unknown-person": [
    401,
    "Who are you?",
    "The dashboard does not know who asks. Log in where this application lets you, and come back.",
  ],
  forbidden: [403, "Not allowed", "Your role does not allow this. Somebody with a higher one can do it."],
  "read-only": [
    403,
    "Read-only",
    "This dashboard only shows. Start it with --write, or create it with write: true, to act.",
  ],
  "cross-site": [
    403,
    "Refused",
    "This request came from another site. Open the dashboard itself, and try again there.",
  ],
  "bad-form": [400, "Not understood", "This is no form of the dashboard's."],
  "stale-form": [
    403,
    "Too old",
    "This form was opened too long ago, or before a restart. Go back, reload the page, and try again.",
  ],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>

/** Says no: as a page to people, as a line to scripts. */
export function refusal(request: Request, visit: Visit | undefined, what: Refusal, details = ""): Response {
  const [status, title, text] = refusals[what]
  const headers: Record<string, string> = what === "wrong-method" ? { allow: details } : {}
  const wantsPage = request.headers.get("accept")?.includes("text/html") === true
  const message = what === "not-found" && details !== "" ? details : text
  if (!wantsPage || visit === undefined) return new Response(`${message}\n`, { status, headers })
  const main = <EmptyState title={title}>{message}</EmptyState>
  const page =
    visit.person.name === "" ? Bare({ visit, title, main }) : Frame({ visit, title, scripts: [], main, live: false })
  return html(page, status, headers)
}

export function html(page: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`<!doctype html>${page}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", ...headers },
  })
}

/** A database that is away is no fault of ours; anything without a code is. */
function reportUnexpected({ site }: Visit, error: unknown): void {
  if (error instanceof PgQueuerError) return
  logEvent(site.logger, "dashboard.failed", "a page of the dashboard failed", { error })
}
