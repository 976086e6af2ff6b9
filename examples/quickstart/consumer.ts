// pgq run examples/quickstart/consumer.ts:main
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))

  pgq.entrypoint("fetch", async (job) => {
    console.log(`fetched ${JSON.stringify(job.payload)}`)
  })

  return pgq
}
