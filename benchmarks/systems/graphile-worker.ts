import { Logger, makeWorkerUtils, run, type WorkerUtilsOptions } from "graphile-worker"
import pg from "pg"
import type { PlannedJob } from "../job-plan.ts"
import { version } from "../version.ts"
import type { Connection, Producer, System, WorkerGoal } from "./system.ts"

const batching = { completeJobBatchDelay: 5, failJobBatchDelay: 5 }

const presets = {
  throughput: {
    worker: { concurrentJobs: 24, localQueue: { size: 2_000, refetchDelay: { durationMs: 10 } }, ...batching },
  },
  latency: { worker: { concurrentJobs: 24, ...batching } },
} satisfies Record<WorkerGoal, WorkerUtilsOptions["preset"]>

/** By default it logs each job. */
const logger = new Logger(() => () => {})

/** graphile-worker with what its guide on performance recommends, tried out. It keeps no history: a finished job's row is deleted. */
export const graphileWorker: System = {
  name: "graphile-worker",
  package: `graphile-worker ${version("node_modules/graphile-worker/package.json")}`,
  settings: {
    producer: "addJobs and addJob of makeWorkerUtils, a connection for each call in flight",
    throughput: `pool of 10, ${JSON.stringify(presets.throughput.worker)}`,
    latency: `pool of 10, ${JSON.stringify(presets.latency.worker)}`,
  },
  newestIdSql: "select coalesce(max(id), 0) from graphile_worker._private_jobs",
  unfinishedSql: "select count(*) from graphile_worker._private_jobs where id > $2::bigint and $1::bigint > 0",

  async connect(url): Promise<Connection> {
    return {
      async install() {
        const utils = await makeWorkerUtils({ connectionString: url, logger })
        await utils.migrate()
        await utils.release()
      },
      async openProducer(connections): Promise<Producer> {
        const pgPool = openPool(url, connections)
        const utils = await makeWorkerUtils({ pgPool, logger })
        return {
          async enqueueOne({ entrypoint, payload }) {
            await utils.addJob(entrypoint, payload)
          },
          async enqueueMany(jobs) {
            await utils.addJobs(jobs.map(asSpec))
          },
          async close() {
            await utils.release()
            await pgPool.end()
          },
        }
      },
      async startWorker({ entrypoints, goal, handle }) {
        const pgPool = openPool(url, 10)
        const taskList = Object.fromEntries(entrypoints.map((entrypoint) => [entrypoint, handle]))
        const runner = await run({ pgPool, preset: presets[goal], taskList, logger, noHandleSignals: true })
        runner.promise.catch((error) => console.error(error))
        return async () => {
          await runner.stop()
          await pgPool.end()
        }
      },
    }
  },
}

/** With the listeners that it warns about when they are missing. */
function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max })
  pool.on("error", (error) => console.error(error))
  pool.on("connect", (client) => {
    client.on("error", (error) => console.error(error))
  })
  return pool
}

function asSpec({ entrypoint, payload, executeAfter }: PlannedJob) {
  return executeAfter === undefined
    ? { identifier: entrypoint, payload }
    : { identifier: entrypoint, payload, runAt: executeAfter }
}
