import { PgQueuerError } from "../domain/errors.js"
import { checkEntrypoint } from "../domain/names.js"
import { anyValue, checkOptions, show } from "../domain/options.js"
import { aSchema, parseWith, type Schema } from "../domain/schema.js"
import { checkedHandler, storedForm } from "./checked-handler.js"
import type { EnqueueOptions } from "./enqueue-options.js"
import type { JobHandle } from "./job-handle.js"
import type { EnqueueManyOptions, HandleQueries, ProducerQueries, TypedEntrypoint } from "./typed-entrypoint.js"
import {
  type EntrypointOptions,
  entrypointOptionChecks,
  resolveEntrypointOptions,
} from "./worker/entrypoint-options.js"

export interface DefineEntrypointOptions<Input extends Schema, Output extends Schema> extends EntrypointOptions {
  /** Checks payloads, when they are enqueued and before the handler; default: any payload. */
  readonly input?: Input
  /** Checks what the handler returns; default: anything. */
  readonly output?: Output
}

type InputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["input"]
type OutputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["output"]

/**
 * Gives an entrypoint schemas for its payload and its result, of any library that follows Standard Schema. The other options are
 * defaults for where it is registered.
 *
 * A payload is stored as it was given, and parsed again before the handler, which gets what the schema makes of it. What is checked
 * is the form that JSON gives a value: a `Date` is checked as a string.
 *
 * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`
 */
export function defineEntrypoint<Input extends Schema = Schema, Output extends Schema = Schema>(
  name: string,
  options: DefineEntrypointOptions<Input, Output> = {},
): TypedEntrypoint<{
  input: InputOf<Input>
  payload: OutputOf<Input>
  returned: InputOf<Output>
  result: OutputOf<Output>
}> {
  checkEntrypoint(name)
  checkOptions(`the entrypoint ${show(name)}`, options, { ...entrypointOptionChecks, input: aSchema, output: aSchema })
  const { input, output, ...defaults } = options
  resolveEntrypointOptions(name, defaults)
  return {
    name,
    options: defaults,
    ...producer(name, input, output),
    checked: (handler) => checkedHandler(name, { input, output }, handler),
  }
}

/** One behaviour for all overloads; the types are in the interface. */
function producer(name: string, input: Schema | undefined, output: Schema | undefined) {
  const handle = (queries: HandleQueries, id: string): JobHandle<never> => {
    const job = queries.handle(name, id)
    return { ...job, result: async (options) => (await parseResult(name, output, await job.result(options))) as never }
  }
  return {
    handle,
    async enqueue(queries: ProducerQueries, payload?: unknown, options?: EnqueueOptions): Promise<never> {
      await checkPayload(name, input, payload)
      const [id] = await queries.enqueue(name, payload, options)
      return (id == null ? null : handle(queries, id)) as never
    },
    async enqueueMany(
      queries: ProducerQueries,
      payloads: readonly unknown[],
      options: EnqueueManyOptions<never> = {},
    ): Promise<never> {
      checkOptions("enqueueMany", options, { transaction: anyValue, onConflict: anyValue, each: anyValue })
      const { each = {}, ...batch } = options
      const requests = await Promise.all(
        payloads.map(async (payload, index) => {
          await checkPayload(name, input, payload).catch((error) => {
            throw atIndex(error, index)
          })
          const own = typeof each === "function" ? each(payload as never, index) : each
          return { ...own, entrypoint: name, payload }
        }),
      )
      const ids = await queries.enqueueMany(requests, batch)
      return ids.map((id) => (id === null ? null : handle(queries, id))) as never
    },
  }
}

async function checkPayload(name: string, input: Schema | undefined, payload: unknown): Promise<void> {
  if (input === undefined) return
  await parseWith(input, storedForm(payload), "PGQ_PAYLOAD_INVALID", `the payload of ${show(name)}`)
}

async function parseResult(name: string, output: Schema | undefined, result: unknown): Promise<unknown> {
  return output === undefined ? result : parseWith(output, result, "PGQ_RESULT_INVALID", `the result of ${show(name)}`)
}

function atIndex(error: unknown, index: number): unknown {
  if (!(error instanceof PgQueuerError)) return error
  const { code, message, remedy, issues } = error
  return new PgQueuerError(code, `job ${index}: ${message}`, { remedy, issues, cause: error })
}
