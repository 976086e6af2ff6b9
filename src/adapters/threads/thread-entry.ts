import { PgQueuerError } from "../../domain/errors.js"
import type { Job } from "../../domain/job.js"
import { encodeResult } from "../../domain/payload.js"
import { type Answer, type Task, type ThreadContext, toAnswer } from "./thread-message.js"

// The other side of ThreadExecutor: what the threads of its pool run. The pool calls the default export, one task at a time.

type Handler = (job: Job, context: ThreadContext) => unknown

export default async function runTask(task: Task): Promise<Answer> {
  try {
    const handler = await load(task)
    // As it is checked again on the other side, its size does not matter here.
    return { kind: "returned", json: encodeResult(await handler(task.job, task.context), Number.POSITIVE_INFINITY) }
  } catch (error) {
    return toAnswer(error)
  }
}

async function load({ module, exportName }: Task): Promise<Handler> {
  const exports = await importAny(module)
  const handler = exports[exportName]
  if (typeof handler === "function") return handler as Handler
  throw new PgQueuerError("PGQ_MODULE_INVALID", `${module} exports no function ${exportName}`, {
    remedy: `Its exports: ${Object.keys(exports).join(", ") || "none"}.`,
  })
}

/** Node itself first; jiti for TypeScript, where Node cannot. */
async function importAny(module: string): Promise<Record<string, unknown>> {
  try {
    return await import(module)
  } catch (error) {
    if (!/\.[mc]?ts$/.test(module) || !isBeyondNode(error)) throw error
    const { createJiti } = await import("jiti")
    return await createJiti(import.meta.url, { interopDefault: false }).import(module)
  }
}

function isBeyondNode(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ""
  return code === "ERR_UNKNOWN_FILE_EXTENSION" || code.startsWith("ERR_UNSUPPORTED_") || error instanceof SyntaxError
}
