import { createServer } from "node:http"
import { Pool } from "pg"
import { healthHandler, PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const pgq = new PgQueuer(new PgPoolDriver(pool))
pgq.entrypoint("fetch", () => {})

const health = healthHandler(pgq, { basePath: "/health" })

const server = createServer(async ({ method = "GET", url = "/" }, response) => {
  const answer = health(new Request(new URL(url, "http://localhost"), { method }))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
})
server.listen(Number(process.env["PORT"] ?? 8_080), "127.0.0.1")

const { ready, problems } = pgq.health()
if (!ready) process.stderr.write(`not ready: ${problems.join(", ")}\n`) // not ready: starting

await pgq.run({ mode: "drain" })
server.close()
await pool.end()
