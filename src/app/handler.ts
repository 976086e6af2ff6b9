import type { Job } from "../domain/job.js"
import type { InputOf, JobMap, JobName, OutputOf, Stored } from "../domain/job-types.js"
import type { JobContext } from "./worker/job-context.js"

/** Runs one job. What it throws makes the attempt fail; it may be async or plain. `P` is the payload, `O` what it returns. */
export type Handler<Q, R, P = unknown, O = unknown> = (
  job: Job<P>,
  context: JobContext<Q, R>,
) => Returned<O> | PromiseLike<Returned<O>>

/** A function without a return statement returns undefined, too. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is what such a function's type says.
type Returned<O> = undefined extends O ? O | void : O

/** The handler of a name in a map of types. Its payload has been JSON: a `Date` comes as a string. */
export type HandlerOf<Q, R, J extends JobMap<J>, K extends JobName<J>> = Handler<
  Q,
  R,
  Stored<InputOf<J, K>>,
  OutputOf<J, K>
>
