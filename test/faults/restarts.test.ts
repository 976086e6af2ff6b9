import pg from "pg"
import { expect, it, onTestFinished } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { startEmbeddedPostgres } from "../../src/adapters/embedded/embedded-postgres.js"
import { defaultPlacement } from "../../src/domain/names.js"
import { Queries } from "../../src/queries.js"
import { findBreaches } from "../support/invariant.js"
import { eventually } from "../support/queue.js"
import { startWorkerProcess } from "../support/worker-process.js"

it.each(["fast", "immediate"] as const)(
  "survives a %s restart of the server in the middle: no worker exits, all jobs end, and only what was in flight runs twice",
  async (mode) => {
    const server = await startEmbeddedPostgres()
    onTestFinished(() => server.stop())
    const pool = new pg.Pool({ connectionString: server.url, max: 4 })
    pool.on("error", () => {})
    onTestFinished(() => pool.end())
    const queries = new Queries(new PgPoolDriver(pool))
    await queries.install()
    const workers = await Promise.all(
      [1, 2].map(() =>
        startWorkerProcess({ url: server.url, entrypoints: ["sleep"], options: { maxConcurrentTasks: 100 } }),
      ),
    )
    await queries.enqueueMany(Array.from({ length: 2_000 }, () => ({ entrypoint: "sleep", payload: 200 })))
    const started = () => workers.flatMap((worker) => worker.started)
    const finished = () => workers.flatMap((worker) => worker.finished)
    await eventually(() => finished().length > 600, 60_000)
    await server.restart(mode)
    await eventually(
      () =>
        countEnded(pool).then(
          (ended) => ended === 2_000,
          () => false,
        ),
      60_000,
      100,
    )

    expect(workers.map((worker) => worker.exitCode)).toEqual([null, null])
    expect(new Set(finished()).size).toBe(2_000)
    expect(started().length - 2_000).toBeLessThanOrEqual(2 * 100)
    expect(await findBreaches(pool, defaultPlacement)).toEqual([])
    for (const worker of workers) worker.kill("SIGTERM")
    expect(await Promise.all(workers.map((worker) => worker.exited))).toEqual([0, 0])
    const { rows } = await pool.query("select from pgqueuer.claim")
    expect(rows).toEqual([])
  },
  150_000,
)

async function countEnded(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query("select count(*)::int as ended from pgqueuer.outcome where status = 'successful'")
  return rows[0].ended
}
