import type { Action, ActionEnd, Viewing } from "../route.js"

/** What can be done to a worker. */
export const workerActions: readonly Action[] = [
  { path: "/workers/:id/drain", needs: "admin", name: "drain worker", target: idOf, back: "/workers", run: drain },
]

async function drain(viewing: Viewing): Promise<ActionEnd> {
  const id = idOf(viewing)
  const [result] = await viewing.site.queries.drainWorkers(id)
  const to = "/workers"
  if (result?.done === true) return { text: `Worker ${id} is asked to take no more jobs and to end.`, to }
  const why = result?.reason === "stopped" ? `worker ${id} has stopped` : `there is no worker ${id}`
  return { text: `Nothing was done: ${why}.`, failed: true, to }
}

function idOf({ params }: Viewing): string {
  return params["id"]!
}
