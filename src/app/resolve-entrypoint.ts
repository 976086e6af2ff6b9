import { PgQueuerError } from "../domain/errors.js"
import { checkEntrypoint } from "../domain/names.js"
import { show } from "../domain/options.js"
import type { Clock, Random } from "../ports/clock.js"
import { executeWith } from "./executors/execute-with.js"
import type { Handler } from "./handler.js"
import { isTypedEntrypoint } from "./typed-entrypoint.js"
import { type EntrypointOptions, resolveEntrypointOptions } from "./worker/entrypoint-options.js"
import type { Entrypoint, Run } from "./worker/job-pool.js"

/**
 * The handler of an entrypoint, given by its name or as it was defined, with its executor and its schemas around it.
 *
 * @param options - win over those of the definition
 * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`
 */
export function resolveEntrypoint(
  what: unknown,
  handler: unknown,
  options: EntrypointOptions | undefined,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Entrypoint & { readonly name: string } {
  const definition = isTypedEntrypoint(what) ? what : undefined
  const name = definition?.name ?? what
  checkEntrypoint(name)
  const given = definition === undefined ? options : { ...definition.options, ...options }
  const resolved = resolveEntrypointOptions(name, given)
  if (typeof handler !== "function") {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `the handler of ${show(name)} is ${show(handler)}`, {
      remedy: "Give a function: (job, context) => …",
    })
  }
  const { executor } = resolved
  // Payload and result are checked around the executor: it may call the handler several times, or run something else.
  const executed = executor === null ? (handler as Run) : executeWith(executor, handler as Run, clock, random)
  const run = definition === undefined ? executed : definition.checked(executed as Handler<unknown, unknown>)
  return { name, run: run as Run, options: resolved }
}
