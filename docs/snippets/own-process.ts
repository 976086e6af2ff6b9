import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool({ max: 10 })
const pgq = new PgQueuer(new PgPoolDriver(pool))
pgq.entrypoint("fetch", () => {})

const stopping = new AbortController()
process.once("SIGTERM", () => stopping.abort())

await pgq.run({ signal: stopping.signal }) // until the signal, then gracefully
await pgq.run({ mode: "drain" }) // until nothing is left to claim
await pool.end()
