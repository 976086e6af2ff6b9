import { usageError } from "./usage.js"

/** Either ids or `--entrypoint`, never both: what is meant must be written out. */
export function idsOrEntrypoint(
  command: string,
  ids: readonly string[],
  entrypoint: string | undefined,
): readonly string[] | { readonly entrypoint: string } {
  if (ids.length > 0 && entrypoint !== undefined) {
    throw usageError(`${command} was given ids and --entrypoint`, "Give one of them.")
  }
  if (entrypoint !== undefined) return { entrypoint }
  if (ids.length > 0) return ids
  throw usageError(
    `${command} was given no job`,
    `Give ids, or all of one entrypoint: pgq ${command} --entrypoint NAME`,
  )
}
