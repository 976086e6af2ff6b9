import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

const { healthy, findings, facts } = await queries.doctor()
for (const { severity, code, message, command } of findings)
  process.stdout.write(`${severity} ${code}: ${message}\n  ${command ?? ""}\n`)
facts.notifyMs // how long a notification took through the server and back
process.stdout.write(healthy ? "healthy\n" : "not healthy\n")

await pool.end()
