import { expect, it } from "vitest"
import type { StatementName } from "../../src/adapters/postgres/statement.js"
import { costsOfBacklog, genericPlan } from "../support/plan.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const nothing = Array.from({ length: 10 }, () => "'{}'")

const keyed: { readonly [N in StatementName]?: readonly string[] } = {
  enqueue_unique: ["array['a']", ...nothing, "null", "null", "array['k']", "'{}'"],
  find_key_holders: ["array['a']", "array['k']"],
  end_waiting: ["array[1]", "'deleted'", "null", "array[2]"],
}

it("plans no scan of keys, jobs and history for jobs with keys: empty, at 50,000, and after an analyse", async () => {
  const queue = await installQueue()
  expect(await costs(queue), "empty").toEqual({})
  await queue.sql(`
    with written as (
      insert into pgqueuer.job (entrypoint, dedupe_key) select 'a', n::text from generate_series(1, 50000) as n
      returning id, dedupe_key
    ),
    ended as (
      insert into pgqueuer.outcome (job_id, entrypoint, status, attempt) select id, 'a', 'successful', 1 from written
    )
    insert into pgqueuer.dedupe (entrypoint, key, job_id) select 'a', dedupe_key, id from written`)
  expect(await costs(queue), "before the analyse").toEqual({})
  await queue.sql("analyze pgqueuer.job, pgqueuer.outcome, pgqueuer.dedupe")
  expect(await costs(queue), "after it").toEqual({})
})

async function costs(queue: TestQueue): Promise<Record<string, string[]>> {
  const client = await queue.pool.connect()
  try {
    const found: Record<string, string[]> = {}
    for (const [name, parameters] of Object.entries(keyed)) {
      const plan = await genericPlan(client, queue, name as StatementName, parameters)
      const scans = costsOfBacklog(plan, queue).filter((problem) => problem.startsWith("seq scan"))
      if (scans.length > 0) found[name] = scans
    }
    return found
  } finally {
    client.release()
  }
}
