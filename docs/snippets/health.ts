import { createServer } from "node:http"
import { Pool } from "pg"
import { healthHandler, nodeListener, PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const pgq = new PgQueuer(new PgPoolDriver(pool))
pgq.entrypoint("fetch", () => {})

const health = healthHandler(pgq, { basePath: "/health" })

const server = createServer(nodeListener(health))
server.listen(Number(process.env["PORT"] ?? 8_080), "127.0.0.1")

const { ready, problems } = pgq.health()
if (!ready) process.stderr.write(`not ready: ${problems.join(", ")}\n`) // not ready: starting

await pgq.run({ mode: "drain" })
server.close()
await pool.end()
