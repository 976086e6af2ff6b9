import { createServer } from "node:http"
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { prometheusMetrics } from "pgqueuer/prometheus"
import { Counter, collectDefaultMetrics, register } from "prom-client"

const pool = new Pool()
const pgq = new PgQueuer(new PgPoolDriver(pool))

const mails = new Counter({ name: "shop_mails_total", help: "Mails that were sent." })
pgq.entrypoint("mail", () => mails.inc())

collectDefaultMetrics() // of the process: CPU, memory, event loop
const metrics = prometheusMetrics(pgq, { registers: [register] })

const server = createServer(metrics.node)
server.listen(Number(process.env["PORT"] ?? 9_433), "127.0.0.1")

await pgq.run({ mode: "drain" })
process.stdout.write(await metrics.text()) // what a scrape gets
server.close()
await pool.end()
