import { failureText } from "../components/failure-state.js"
import { matchPath } from "../path-match.js"
import { reaches } from "../person.js"
import { refusal, renderPage } from "../respond.js"
import type { AnyPage, Route, Visit } from "../route.js"
import type { LiveState } from "./live-hub.js"

/** So that what is between, and the browser, know that the connection is alive. */
const signEveryMs = 15_000

/** `/live?of=/jobs%3Fstatus=queued`: what that page shows, as server-sent events, whenever it has changed. */
export function liveRoute(pages: readonly AnyPage[]): Route {
  return {
    method: "GET",
    path: "/live",
    needs: "viewer",
    acts: false,
    handle(visit) {
      const of = new URL(visit.query.get("of") ?? "/", "http://dashboard")
      for (const page of pages) {
        const params = matchPath(page.path, of.pathname)
        if (params === undefined) continue
        if (page.still === true || !reaches(visit.person.role, page.needs ?? "viewer")) break
        return stream(page, { ...visit, path: of.pathname, params, query: of.searchParams })
      }
      return refusal(visit.request, visit, "not-found")
    },
  }
}

function stream(page: AnyPage, visit: Visit): Response {
  let stop = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stop = follow(page, visit, controller)
      visit.request.signal.addEventListener("abort", stop, { once: true })
    },
    cancel: () => stop(),
  })
  const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" }
  return new Response(body, { headers })
}

function follow(page: AnyPage, visit: Visit, controller: ReadableStreamDefaultController<Uint8Array>): () => void {
  const { site } = visit
  const send = (text: string) => controller.enqueue(new TextEncoder().encode(text))
  let last = ""
  const unwatch = site.live.watch(
    `${visit.path}?${visit.query}`,
    () => page.load(visit),
    (state) => {
      if (state.kind === "closed") return stop()
      // A client that does not keep up gets the newest state when it does.
      if ((controller.desiredSize ?? 0) <= 0) return
      const event = eventOf(page, visit, state)
      if (event !== last) send(event)
      last = event
    },
  )
  const sign = () => {
    send(": alive\n\n")
    timer = site.clock.after(signEveryMs, sign)
  }
  let timer = site.clock.after(signEveryMs, sign)
  let isOver = false
  function stop(): void {
    if (isOver) return
    isOver = true
    timer.cancel()
    unwatch()
    try {
      controller.close()
    } catch {
      // The client has closed it already.
    }
  }
  send("retry: 2000\n\n")
  return stop
}

function eventOf(page: AnyPage, visit: Visit, state: Exclude<LiveState, { kind: "closed" }>): string {
  if (state.kind === "failed") return `event: failed\ndata: ${JSON.stringify(failureText(state.error))}\n\n`
  return `event: main\ndata: ${JSON.stringify(renderPage(page, state.data, visit))}\n\n`
}
