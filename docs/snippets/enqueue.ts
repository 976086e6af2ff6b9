import { Pool } from "pg"
import { PgQueuerError, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

await queries.enqueue("fetch") // no payload
await queries.enqueue("fetch", { user: 7 }) // any JSON value
await queries.enqueue("fetch", Buffer.from([1, 2, 3])) // bytes, which come back as a Uint8Array
const [id] = await queries.enqueue("fetch", { user: 7 }, { priority: 10, headers: { tenant: "acme" } })

await queries.enqueue("remind", { user: 7 }, { executeAfter: "1h" })
await queries.enqueue("remind", { user: 7 }, { executeAfter: "2030-01-31T08:00:00Z" })
await queries.enqueue("remind", { user: 7 }, { executeAfter: new Date(Date.now() + 60_000) })

const ids = await queries.enqueueMany([
  { entrypoint: "fetch", payload: { user: 8 }, priority: 1 },
  { entrypoint: "sync", executeAfter: "5m" },
])
await queries.enqueue(["fetch", "sync"], [{ user: 9 }, undefined], [0, 5]) // as parallel arrays

await queries.enqueue("digest", { user: 7 }, { dedupeKey: "user 7" })
const [other] = await queries.enqueue("digest", { user: 7 }, { dedupeKey: "user 7", onConflict: "skip" }) // null
const [newer] = await queries.enqueue("digest", { user: 7, n: 2 }, { dedupeKey: "user 7", onConflict: "replace" })
const some = await queries.enqueueMany(
  [1, 2, 2].map((user) => ({ entrypoint: "digest", payload: { user }, dedupeKey: `user ${user}` })),
  { onConflict: "skip" },
) // an id, an id, and null
if (other !== null || newer === undefined || some[2] !== null) throw new Error("not as the comments say")

try {
  await queries.enqueue("fetch", { user: 10n })
} catch (error) {
  if (!(error instanceof PgQueuerError)) throw error
  error.code // "PGQ_PAYLOAD_INVALID"
  error.remedy // what to do about it
}

await queries.job(id!) // one JobRecord, or undefined
await queries.jobs({ status: "queued", entrypoint: "fetch", limit: 20 }) // newest first
await queries.jobs({ after: ids[0]! }) // the next page: only older ones than this
await queries.failures(id!) // each failed attempt with its traceback
await queries.queueSize() // [{ entrypoint: "fetch", status: "queued", count: 6 }, …]
await queries.statistics({ since: "1d" }) // how many jobs ended how

await queries.cancel(id!) // [{ id: "4", done: true, status: "canceled" }]
await queries.reschedule(ids, { executeAfter: "1h", priority: 5 }) // what waits; a time of 0 is now
await queries.requeue({ entrypoint: "fetch" }) // what is held as failed: back into line
await queries.delete([ids[0]!, ids[1]!])
await queries.delete({ entrypoint: "fetch" }) // all that wait or are held

await pool.end()
