// biome-ignore-all lint/suspicious/noConsole: a beginner looks at its output
import { PgQueuer } from "pgqueuer"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"

export async function main() {
  const pgq = new PgQueuer(new PostgresJsDriver(postgres()))

  pgq.entrypoint("fetch", async (job) => {
    console.log(`fetched ${JSON.stringify(job.payload)}`)
  })

  return pgq
}
