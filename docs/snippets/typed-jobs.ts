import { defineEntrypoint, type Job, type Queries } from "pgqueuer"
import { z } from "zod"
import { email } from "../../examples/typed-jobs/email.ts"

export async function later(queries: Queries, id: string) {
  const job = email.handle(queries, id) // in another process, or after a restart
  await job.wait({ timeout: "5m" }) // "successful", "exception", "failed", "canceled" or "deleted"
  await job.cancel()
}

const stored = z.union([
  z.object({ version: z.literal(2), user: z.object({ id: z.number() }) }),
  z.object({ user: z.number() }).transform(({ user }) => ({ version: 2 as const, user: { id: user } })),
])

export const fetchUser = defineEntrypoint("fetch_user", { input: stored })

export async function testOfAHandler() {
  const greet = defineEntrypoint("greet", { input: z.string().toUpperCase(), output: z.string() })
  const run = greet.checked((job) => `hello ${job.payload}`)
  const job: Job = {
    id: "1",
    entrypoint: "greet",
    payload: "ada",
    headers: {},
    priority: 0,
    attempt: 1,
    createdAt: new Date(),
  }
  return run(job, undefined as never) // "hello ADA"
}
