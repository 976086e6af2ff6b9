import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()), {
    retention: { successful: "6h", exception: "30d" }, // canceled and deleted: 7 days, as usual
  })

  pgq.entrypoint("ping", () => {}, { retention: { successful: 0 } }) // gone within a minute
  pgq.entrypoint("invoice", () => {}, { retention: false }) // kept for ever

  const counts = await pgq.queries.prune({ olderThan: "90d", entrypoints: ["invoice"], dryRun: true })
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  if (total > 1_000_000) await pgq.queries.prune({ olderThan: "90d", entrypoints: ["invoice"] })
  return pgq
}
