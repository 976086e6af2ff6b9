import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))
const [id] = await queries.enqueue("fetch", { user: 7 })

await queries.pause("fetch") // no worker takes another one
const { status, reasons } = await queries.explain(id!)
for (const { code, text } of reasons) process.stdout.write(`${status} ${code}: ${text}\n`)
await queries.resume("fetch")

await queries.setLimits("fetch", { concurrencyLimit: 5, requestsPerSecond: null })
const [fetch] = await queries.limits()
fetch?.concurrencyLimit // { code: null, set: 5, effective: 5 }
await queries.resetLimits("fetch")

const workers = await queries.workers()
const silent = workers.filter(({ state }) => state === "silent")
for (const { id, host } of silent) process.stderr.write(`no sign of life of worker ${id} on ${host}\n`)

const results = await queries.drainWorkers(workers.map(({ id }) => id))
for (const { id, done } of results) process.stdout.write(`${id} ${done ? "drains" : "has stopped"}\n`)

await pool.end()
