import pg from "pg"
import type { PgPoolDriver as Driver } from "../../dist/adapters/drivers/pg.js"
import type * as pgqueuer from "../../dist/index.js"
import { version } from "../version.ts"
import type { Connection, Producer, System, WorkerRequest } from "./system.ts"

/** PGQueuer for TypeScript with its defaults, history kept, on a pool of the package pg with its default of ten connections. */
export const ours: System = {
  name: "ours",
  package: `pgqueuer ${version("../package.json")}`,
  settings: {
    producer: "PgPoolDriver, defaults",
    throughput: "PgPoolDriver on a pool of 10, defaults",
    latency: "the same",
  },
  newestIdSql: "select coalesce(max(id), 0) from pgqueuer.job",
  unfinishedSql: "select $1::bigint - count(*) from pgqueuer.outcome where job_id > $2::bigint",

  async connect(url, entry): Promise<Connection> {
    const { PgQueuer, Queries }: typeof pgqueuer = await import(entry)
    const drivers: { PgPoolDriver: typeof Driver } = await import(new URL("adapters/drivers/pg.js", entry).href)
    const open = (max: number) => {
      const pool = new pg.Pool({ connectionString: url, max })
      return { pool, driver: new drivers.PgPoolDriver(pool) }
    }
    return {
      async install() {
        const { pool, driver } = open(2)
        await new Queries(driver).install()
        await pool.end()
      },
      async openProducer(connections): Promise<Producer> {
        const { pool, driver } = open(Math.min(10, connections))
        const queries = new Queries(driver)
        return {
          async enqueueOne({ entrypoint, payload }) {
            await queries.enqueue(entrypoint, payload)
          },
          async enqueueMany(jobs) {
            await queries.enqueueMany(
              jobs.map(({ entrypoint, payload, executeAfter }) =>
                executeAfter === undefined ? { entrypoint, payload } : { entrypoint, payload, executeAfter },
              ),
            )
          },
          close: () => pool.end(),
        }
      },
      async startWorker({ entrypoints, handle }: WorkerRequest) {
        const { pool, driver } = open(10)
        const worker = new PgQueuer(driver)
        for (const entrypoint of entrypoints) worker.entrypoint(entrypoint, (job) => handle(job.payload))
        const ended = worker.run()
        ended.catch((error) => console.error(error))
        return async () => {
          await worker.stop()
          await pool.end()
        }
      },
    }
  },
}
