import { leastCountText } from "../bulk/bulk-state.js"
import { resultText } from "../bulk/result-text.js"
import { readSelection, selectionText } from "../bulk/selection.js"
import { countSelection, walkSelection } from "../bulk/walk-selection.js"
import { redirect } from "../respond.js"
import type { Action, Route, Visit } from "../route.js"
import type { Signature } from "../security/signature.js"
import { href } from "../site.js"
import { failedEnd, noticeResponse } from "./run-action.js"

/** What is recorded, and what the progress is measured by, is exact for some hundred thousand jobs. */
const countMs = 1_500

/** Begins something on all jobs of a filter, and goes on to the page that says how far it is. */
export function bulkRoute(signature: Signature): Route {
  return {
    method: "POST",
    path: "/bulk",
    needs: "operator",
    acts: true,
    async handle(visit) {
      const begun = await begin(visit)
      visit.site.readings.forget()
      if (typeof begun === "object") return noticeResponse(visit, signature, { failed: true, to: "/jobs", ...begun })
      return redirect(href(visit.site, `/bulk/${begun}`))
    },
  }
}

/** Ends what is under way, after the jobs that it is at. */
export const stopBulkAction: Action = {
  path: "/bulk/:id/stop",
  needs: "operator",
  name: "stop action",
  target: ({ params }) => params["id"]!,
  async run({ site, params }) {
    const id = params["id"]!
    const state = site.bulk.find(id)
    if (site.bulk.stop(id)) return { text: "It stops after the jobs that it is at.", to: `/bulk/${id}` }
    const text = state === undefined ? "That is not under way in this process." : `It is over: ${resultText(state)}`
    return { text, failed: true, to: state === undefined ? "/jobs" : `/bulk/${id}` }
  },
}

/** Answers with the id of its record. Nothing is done that is not recorded first. */
async function begin(visit: Visit): Promise<string | { readonly text: string }> {
  const { site, form, person } = visit
  const selection = readSelection(site, form)
  if (selection === undefined) return { text: "Nothing was done: choose jobs and what to do with them again." }
  if (!site.bulk.isFree) return { text: "Nothing was done: three such actions are under way. Wait until one is over." }
  const { kind, filter } = selection
  try {
    const { total } = await countSelection(site, selection, countMs)
    const target = `${selectionText(filter)}: ${leastCountText(total)}`.slice(0, 1_000)
    const id = await site.audit.begin({ ...person, person: person.name, action: `${kind.name} jobs`, target })
    site.bulk.start({ id, kind, target, person: person.name, total, looks: walkSelection(site, selection) })
    return id
  } catch (error) {
    return { text: failedEnd(visit, `${kind.name} jobs`, "/jobs", error).text }
  }
}
