import { hasCode } from "../domain/errors.js"
import { FinalFailure } from "../domain/final-failure.js"
import type { Job } from "../domain/job.js"
import { show } from "../domain/options.js"
import { encodePayload, encodeResult } from "../domain/payload.js"
import { parseWith, type Schema } from "../domain/schema.js"
import type { Handler } from "./handler.js"

/**
 * A handler that gets what the input schema makes of the payload, and whose result has to fit the output schema. What does not
 * fit now fits at no later attempt: a payload is held as `failed` for a decision, a result ends the job as `exception`.
 */
export function checkedHandler<Q, R, P, O>(
  name: string,
  schemas: { readonly input?: Schema | undefined; readonly output?: Schema | undefined },
  handler: Handler<Q, R, P, O>,
): Handler<Q, R> {
  const { input, output } = schemas
  const unchecked = handler as Handler<Q, R>
  if (input === undefined && output === undefined) return unchecked
  return async (job, context) => {
    const result = await unchecked(input === undefined ? job : await parsedJob(name, input, job), context)
    if (output !== undefined) await checkResult(name, output, result)
    return result
  }
}

/** A value as the database will give it back. */
export function storedForm(value: unknown): unknown {
  const { json, bytes } = encodePayload(value, Number.POSITIVE_INFINITY)
  return json === null ? (bytes ?? undefined) : JSON.parse(json)
}

async function parsedJob(name: string, input: Schema, job: Job): Promise<Job> {
  try {
    const payload = await parseWith(input, job.payload, "PGQ_PAYLOAD_INVALID", `the payload of ${show(name)}`)
    return { ...job, payload }
  } catch (error) {
    throw hasCode(error, "PGQ_PAYLOAD_INVALID") ? new FinalFailure("failed", error) : error
  }
}

async function checkResult(name: string, output: Schema, result: unknown): Promise<void> {
  const json = encodeResult(result, Number.POSITIVE_INFINITY)
  const stored: unknown = json === undefined ? undefined : JSON.parse(json)
  try {
    await parseWith(output, stored, "PGQ_RESULT_INVALID", `the result of ${show(name)}`)
  } catch (error) {
    throw hasCode(error, "PGQ_RESULT_INVALID") ? new FinalFailure("exception", error) : error
  }
}
