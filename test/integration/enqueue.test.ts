import { expect, it } from "vitest"
import { installQueue } from "../support/queue.js"

it("runs a job from enqueue to its end", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  const seen: unknown[] = []
  pgq.entrypoint("fetch", async (job) => void seen.push(job.payload))
  const [id] = await queue.queries.enqueue("fetch", { user: 7 })
  await drain()
  expect(seen).toEqual([{ user: 7 }])
  expect(await queue.queries.job(id!)).toMatchObject({ id, status: "successful", attempt: 1, error: null })
})
