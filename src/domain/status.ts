/** Where a job stands. The words are the same in code, SQL, CLI, docs and pages. */
export type Status = "queued" | "deferred" | "picked" | "successful" | "exception" | "failed" | "canceled" | "deleted"

/** How a job can end, for those who wait for it. `failed` is an end as long as nobody puts the job back into line. */
export type EndStatus = "successful" | "exception" | "failed" | "canceled" | "deleted"

const moves: { readonly [S in Status]: readonly Status[] } = {
  queued: ["picked", "deferred", "canceled", "deleted"],
  deferred: ["queued", "canceled", "deleted"],
  picked: ["successful", "exception", "failed", "deferred", "queued", "canceled", "deleted"],
  failed: ["queued", "deleted"],
  successful: [],
  exception: [],
  canceled: [],
  deleted: [],
}

export const statuses = Object.keys(moves) as readonly Status[]

/** Whether a job may go from one status to the other. Every writer of statuses obeys this table. */
export function mayMove(from: Status, to: Status): boolean {
  return moves[from].includes(to)
}

/** Whether a job of this status has ended: nothing moves it any more, and its dedupe key is free. */
export function isFinal(status: Status): boolean {
  return moves[status].length === 0
}
