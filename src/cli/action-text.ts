import type { ActionResult } from "../app/job-actions.js"
import type { Cli } from "./cli.js"

export interface ActionText {
  /** `requeued`: what was done with a job. */
  done(result: ActionResult): string
  /** Why a job was left alone; undefined where that is as good as done. */
  before?(result: ActionResult): string | undefined
  /** `requeued`, for "not requeued: …". */
  readonly verb: string
}

/** Says of each id what was done. The exit code is 1 when an id is unknown or could not be acted on. */
export function reportById(cli: Cli, results: readonly ActionResult[], text: ActionText, json: boolean): void {
  if (results.some((result) => !result.done && text.before?.(result) === undefined)) cli.exitCode = 1
  if (json) cli.terminal.printJson(results)
  else for (const result of results) cli.terminal.print(`${result.id} ${sentence(result, text)}`)
}

/** Says how many jobs of an entrypoint were acted on. The exit code is 1 when there was none. */
export function reportCount(cli: Cli, results: readonly ActionResult[], verb: string, json: boolean): void {
  const count = results.filter(({ done }) => done).length
  if (count === 0) cli.exitCode = 1
  if (json) cli.terminal.printJson({ [verb]: count, ids: results.map(({ id }) => id) })
  else cli.terminal.print(count === 1 ? `1 job ${verb}` : `${count} jobs ${verb}`)
}

function sentence(result: ActionResult, text: ActionText): string {
  if (result.done) return text.done(result)
  const before = text.before?.(result)
  if (before !== undefined) return before
  if (result.status === "unknown") return `not ${text.verb}: no job has this id`
  return result.status === "picked" ? `not ${text.verb}: a worker holds it` : `not ${text.verb}: it is ${result.status}`
}
