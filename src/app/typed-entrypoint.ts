import type { PayloadArguments } from "../domain/job-types.js"
import type { BatchOptions, EnqueueOptions, WholeBatchOptions, WholeEnqueueOptions } from "./enqueue-options.js"
import type { Handler } from "./handler.js"
import type { JobHandle } from "./job-handle.js"
import type { JobOptions, JobRequest } from "./parse-enqueue.js"
import type { EntrypointOptions } from "./worker/entrypoint-options.js"

/** The four types of an entrypoint with schemas: each schema takes one and makes the other of it. */
export interface EntrypointTypes {
  /** What is enqueued, and stored as it is. */
  readonly input: unknown
  /** What the handler gets: what the input schema makes of it. */
  readonly payload: unknown
  /** What the handler returns, and what is stored. */
  readonly returned: unknown
  /** What `result()` gives: what the output schema makes of it. */
  readonly result: unknown
}

/** An entrypoint with its types: enqueues its jobs, and is registered in the place of a name. */
export interface TypedEntrypoint<T extends EntrypointTypes = EntrypointTypes> {
  readonly name: string
  /** Defaults for where it is registered. */
  readonly options: EntrypointOptions
  /** Never there; carries the types. */
  readonly types?: T
  /**
   * Writes one job.
   *
   * @throws PgQueuerError `PGQ_PAYLOAD_INVALID` with `issues` when the payload does not fit, and as `Queries.enqueue`; nothing is written
   */
  enqueue(
    queries: ProducerQueries,
    ...args: PayloadArguments<T["input"], WholeEnqueueOptions>
  ): Promise<JobHandle<T["result"]>>
  /** With `onConflict: "skip"` it is null when the dedupe key is taken. */
  enqueue(
    queries: ProducerQueries,
    payload: T["input"],
    options: EnqueueOptions,
  ): Promise<JobHandle<T["result"]> | null>
  /**
   * Writes many jobs in one statement, all or nothing.
   *
   * @throws PgQueuerError as `enqueue`; the message begins with the place of the payload that does not fit
   */
  enqueueMany(
    queries: ProducerQueries,
    payloads: readonly T["input"][],
    options?: EnqueueManyOptions<T["input"]> & WholeBatchOptions,
  ): Promise<JobHandle<T["result"]>[]>
  /** With `onConflict` `"skip"` or `"replace"` null stands for a job that was left out. */
  enqueueMany(
    queries: ProducerQueries,
    payloads: readonly T["input"][],
    options: EnqueueManyOptions<T["input"]>,
  ): Promise<(JobHandle<T["result"]> | null)[]>
  /** A job that was enqueued before, by its id. */
  handle(queries: HandleQueries, id: string): JobHandle<T["result"]>
  /** The handler with the checks around it, as workers run it. */
  checked<Q, R>(handler: Handler<Q, R, T["payload"], T["returned"]>): Handler<Q, R>
}

export interface EnqueueManyOptions<Input> extends BatchOptions {
  /** Options of each job: the same for all, or made from its payload. */
  readonly each?: JobOptions | ((payload: Input, index: number) => JobOptions)
}

/** Where a typed entrypoint finds its jobs: `Queries` of any map. */
export interface HandleQueries {
  handle(entrypoint: string, id: string): JobHandle
}

/** What a typed entrypoint enqueues with: `Queries` of any map. */
export interface ProducerQueries extends HandleQueries {
  enqueue(entrypoint: string, payload?: unknown, options?: EnqueueOptions): Promise<(string | null)[]>
  enqueueMany(requests: readonly JobRequest[], options?: BatchOptions): Promise<(string | null)[]>
}

export function isTypedEntrypoint(value: unknown): value is TypedEntrypoint {
  return typeof value === "object" && value !== null && "checked" in value && typeof value.checked === "function"
}
