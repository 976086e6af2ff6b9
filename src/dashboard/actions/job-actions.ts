import { type ActionResult, checkIds } from "../../app/job-actions.js"
import { PgQueuerError } from "../../domain/errors.js"
import type { Action, ActionEnd, Viewing } from "../route.js"

/** What can be done to one job. */
export const jobActions: readonly Action[] = [
  {
    path: "/jobs/:id/cancel",
    needs: "operator",
    name: "cancel job",
    target: idOf,
    run: async (viewing) => ended(viewing, (await viewing.site.queries.cancel(idOf(viewing)))[0]!, cancelText),
  },
  {
    path: "/jobs/:id/delete",
    needs: "operator",
    name: "delete job",
    target: idOf,
    run: async (viewing) => ended(viewing, (await viewing.site.queries.delete(idOf(viewing)))[0]!, () => "deleted"),
  },
  {
    path: "/jobs/:id/requeue",
    needs: "operator",
    name: "requeue job",
    target: idOf,
    run: async (viewing) =>
      ended(viewing, (await viewing.site.queries.requeue(idOf(viewing)))[0]!, () => "back in line"),
  },
  { path: "/jobs/:id/run-again", needs: "operator", name: "run job again", target: idOf, run: runAgain },
]

function idOf({ params }: Viewing): string {
  return params["id"]!
}

function cancelText({ status }: ActionResult): string {
  return status === "picked" ? "asked to stop" : "canceled"
}

function ended(_: Viewing, result: ActionResult, words: (result: ActionResult) => string): ActionEnd {
  const { id, done, status } = result
  if (done) return { text: `Job ${id} is ${words(result)}.`, to: `/jobs/${id}` }
  const text = status === "unknown" ? `There is no job ${id} any more.` : `Nothing was done: job ${id} is ${status}.`
  return { text, failed: true, to: `/jobs/${id}` }
}

/** An end is final: what runs is a copy. */
async function runAgain(viewing: Viewing): Promise<ActionEnd> {
  const id = idOf(viewing)
  checkIds([id])
  const copy = await viewing.site.jobPages.copy(id)
  if (copy === undefined) {
    throw new PgQueuerError("PGQ_JOB_UNKNOWN", `no job has the id ${id}`, {
      remedy: "Its history may have been removed.",
    })
  }
  return { text: `Job ${copy} is a copy of job ${id}, and in line.`, to: `/jobs/${copy}` }
}
