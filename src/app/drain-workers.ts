import { PgQueuerError } from "../domain/errors.js"
import { show } from "../domain/options.js"
import type { OperationStore } from "../ports/operation-store.js"

/** What became of a worker that was to be drained. */
export type DrainResult =
  | { readonly id: string; readonly done: true }
  /** `unknown`: no worker has this id · `stopped`: it has ended already, or was declared dead. */
  | { readonly id: string; readonly done: false; readonly reason: "unknown" | "stopped" }

/** Asks each once; answers in the order of the ids. */
export async function drainWorkers(
  store: OperationStore,
  given: string | readonly string[],
): Promise<readonly DrainResult[]> {
  const all: unknown = typeof given === "string" ? [given] : given
  checkWorkerIds(all)
  const ids = [...new Set(all)]
  const found = new Map((await store.drainWorkers(ids)).map((worker) => [worker.id, worker]))
  return ids.map((id) => {
    const { asked = false, known = false } = found.get(id) ?? {}
    if (asked) return { id, done: true }
    return { id, done: false, reason: known ? "stopped" : "unknown" }
  })
}

function checkWorkerIds(ids: unknown): asserts ids is readonly string[] {
  if (!Array.isArray(ids)) throw invalidId(ids)
  for (const id of ids) if (typeof id !== "string" || !/^(?:0|[1-9]\d{0,17})$/.test(id)) throw invalidId(id)
}

function invalidId(id: unknown): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `${show(id)} is no id of a worker`, {
    remedy: "Give ids as queries.workers() and pgq workers show them: strings of digits.",
  })
}
