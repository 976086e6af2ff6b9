import type { InputOf, JobMap, JobName } from "../domain/job-types.js"
import type { JobOptions, JobRequest, OnConflict } from "./parse-enqueue.js"

export interface BatchOptions {
  /** What happens to jobs whose dedupe keys are taken; default `"raise"`: nothing is written, the error is `PGQ_DUPLICATE_KEY`. */
  readonly onConflict?: OnConflict | undefined
  /** The caller's client with an open transaction: rolled back, there is no job and no wake-up; committed, a worker starts at once. */
  readonly transaction?: unknown
}

export interface EnqueueOptions extends JobOptions, BatchOptions {}

/** A batch in which no job is left out: no `null` among the ids. */
export interface WholeBatchOptions extends BatchOptions {
  readonly onConflict?: "raise" | undefined
}

/** The same for a single job. */
export interface WholeEnqueueOptions extends EnqueueOptions {
  readonly onConflict?: "raise" | "replace" | undefined
}

/** One job of a batch, its payload as a map of names to types wants it. */
export type TypedJobRequest<J extends JobMap<J>> = string extends keyof J
  ? JobRequest
  : {
      readonly [K in JobName<J>]: JobOptions & { readonly entrypoint: K } & (undefined extends InputOf<J, K>
          ? { readonly payload?: InputOf<J, K> }
          : { readonly payload: InputOf<J, K> })
    }[JobName<J>]

/** The payloads of a batch in parallel arrays. */
export type PayloadColumn<J extends JobMap<J>, Names extends readonly JobName<J>[]> = string extends keyof J
  ? readonly unknown[]
  : { readonly [I in keyof Names]: InputOf<J, Names[I]> }
