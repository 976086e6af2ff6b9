import { PgQueuerError } from "../../domain/errors.js"
import { logEvent } from "../../ports/logger.js"
import { noticeCookie } from "../notices.js"
import { redirect } from "../respond.js"
import type { Action, ActionEnd, Route, Visit } from "../route.js"
import { isSecure } from "../security/cookies.js"
import type { Signature } from "../security/signature.js"
import { href } from "../site.js"

/** Longer words of a person are cut before they are kept. */
const longestText = 1_000

/** Runs an action, records who did it and what came of it, and goes on to a page that says so. */
export function makeActionRoute(action: Action, signature: Signature): Route {
  return {
    method: "POST",
    path: action.path,
    needs: action.needs,
    acts: true,
    async handle(visit) {
      const end = await recorded(action, visit)
      visit.site.readings.forget()
      return noticeResponse(visit, signature, end)
    },
  }
}

/** Goes on to a page, which says once what came of an action. */
export function noticeResponse(visit: Visit, signature: Signature, end: ActionEnd): Response {
  const notice = { text: end.text, kind: end.failed === true ? ("failed" as const) : ("done" as const) }
  const response = redirect(href(visit.site, end.to))
  response.headers.append("set-cookie", noticeCookie(visit.site, signature, notice, isSecure(visit.request)))
  return response
}

/** Nothing is done that is not recorded first. */
async function recorded(action: Action, visit: Visit): Promise<ActionEnd> {
  const { site, person, form } = visit
  const target = action.target(visit, form).slice(0, longestText)
  let id: string
  try {
    id = await site.audit.begin({ ...person, person: person.name, action: action.name, target })
  } catch (error) {
    return failed(visit, action, error)
  }
  const end = await attempt(action, visit)
  try {
    await site.audit.end(id, end.failed !== true, end.text.slice(0, longestText))
  } catch (error) {
    logEvent(site.logger, "dashboard.failed", "the result of an action was not recorded", {
      error,
      action: action.name,
    })
  }
  return end
}

async function attempt(action: Action, visit: Visit): Promise<ActionEnd> {
  try {
    return await action.run(visit, visit.form)
  } catch (error) {
    return failed(visit, action, error)
  }
}

function failed(visit: Visit, action: Action, error: unknown): ActionEnd {
  const named = action.path.includes("/:") ? visit.path.slice(0, visit.path.lastIndexOf("/")) : "/"
  const to = action.back ?? named
  return failedEnd(visit, action.name, to, error)
}

/** What cannot be told to a person is logged. */
export function failedEnd(visit: Visit, action: string, to: string, error: unknown): ActionEnd {
  if (error instanceof PgQueuerError) {
    return { failed: true, to, text: visit.site.redactor.text(`${error.message}. ${error.remedy}`) }
  }
  logEvent(visit.site.logger, "dashboard.failed", "an action of the dashboard failed", { error, action })
  return { failed: true, to, text: "That failed; the log of the dashboard says why." }
}
