import { expect, it } from "vitest"
import { eventually, installQueue } from "../support/queue.js"
import { startWorkerProcess, type WorkerProcess } from "../support/worker-process.js"

it("writes each of 1,000 rows once though workers are killed at any moment of their transactions", async () => {
  const queue = await installQueue()
  await queue.pool.query(`create table ${queue.schema}.written (job_id bigint not null)`)
  await queue.queries.enqueueMany(Array.from({ length: 1_000 }, () => ({ entrypoint: "write" })))
  const spawn = () =>
    startWorkerProcess({
      url: queue.database.url,
      entrypoints: ["write"],
      options: { schema: queue.schema, heartbeatTimeout: "3s", maxConcurrentTasks: 20, maxRescues: 1_000 },
    })
  const workers: WorkerProcess[] = await Promise.all([spawn(), spawn()])
  const isDone = async () => {
    const [row] = await queue.sql<{ ended: number }>("select count(*)::int as ended from pgqueuer.outcome")
    return row!.ended === 1_000
  }
  let killed = 0
  while (killed < 6 && !(await isDone())) {
    const victim = workers.shift()!
    const before = victim.started.length
    await eventually(
      async () => victim.started.length > before + 20 + Math.random() * 40 || (await isDone()),
      30_000,
      5,
    )
    victim.kill("SIGKILL")
    killed++
    workers.push(await spawn())
  }
  await eventually(isDone, 90_000, 100)
  expect(killed).toBeGreaterThan(3)
  await eventually(async () => (await queue.sql("select id from pgqueuer.claim")).length === 0, 30_000)
  const { rows } = await queue.pool.query(`select job_id::text as id, count(*)::int as count
    from ${queue.schema}.written group by job_id having count(*) > 1`)
  expect(rows).toEqual([])
  expect(await queue.sql("select status, count(*)::int as count from pgqueuer.outcome group by status")).toEqual([
    { status: "successful", count: 1_000 },
  ])
  const [written] = (await queue.pool.query(`select count(*)::int as count from ${queue.schema}.written`)).rows
  expect(written).toEqual({ count: 1_000 })
}, 180_000)
