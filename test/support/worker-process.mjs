// A worker in a process of its own, from the built package. It writes one line to stdout for each thing that it does:
// `ready`, `start <job> <time>`, `end <job> <time>` (ms since 1970), `log <level> <message>`. Its one argument is JSON: see worker-process.ts.
import pg from "pg"
import { PgPoolDriver } from "../../dist/adapters/drivers/pg.js"
import { PgQueuer, RetryRequested } from "../../dist/index.js"

const { url, entrypoints, entrypointOptions = {}, options } = JSON.parse(process.argv[2])
const now = () => (performance.timeOrigin + performance.now()).toFixed(1)
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`)
const log = (level) => (message, fields) => {
  say("log", level, message, ...(Array.isArray(fields?.jobs) ? [`jobs=${fields.jobs}`] : []))
  if (message === "worker started") say("ready")
}

const handlers = {
  /** Takes the milliseconds of its payload. */
  sleep: (job) => new Promise((resolve) => setTimeout(resolve, job.payload)),
  quick: () => {},
  /** Writes a row and ends its job in one transaction, each step after a moment in which it can be killed. */
  write: async (job, context) => {
    writers ??= new pg.Pool({ connectionString: url, max: 10 })
    const client = await writers.connect()
    try {
      await client.query("begin")
      await client.query(`insert into ${options.schema}.written (job_id) values ($1)`, [job.id])
      await pause()
      await context.complete(client, "written")
      await pause()
      await client.query("commit")
      await pause()
    } finally {
      client.release()
    }
  },
  /** Takes the process with it. */
  poison: () => process.kill(process.pid, "SIGKILL"),
  /** Lets nothing else run for the milliseconds of its payload, the first time. */
  block: (job) => {
    if (job.attempt > 1 || blocked) return
    blocked = true
    const end = performance.now() + job.payload
    while (performance.now() < end);
  },
}
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
let writers
/** Blocks in the same way, and then asks for another run. */
handlers.blockAndRetry = async (job) => {
  if (hasBlocked || options.neverBlocks) return
  hasBlocked = true
  const end = performance.now() + job.payload
  while (performance.now() < end);
  throw new RetryRequested({ delay: 60_000 })
}
let hasBlocked = false
let blocked = options.neverBlocks === true

const { neverBlocks, ...workerOptions } = options
const pool = new pg.Pool({ connectionString: url, max: 6 })
const logger = { debug() {}, info: log("info"), warn: log("warn"), error: log("error") }
const pgq = new PgQueuer(new PgPoolDriver(pool), { ...workerOptions, logger })
for (const name of entrypoints) {
  pgq.entrypoint(
    name,
    async (job, context) => {
      say("start", job.id, now())
      await handlers[name](job, context)
      say("end", job.id, now())
    },
    entrypointOptions[name],
  )
}

const stop = new AbortController()
process.on("SIGTERM", () => stop.abort())
await pgq.run({ signal: stop.signal })
process.exit(0)
