// pgq run examples/limits/consumer.ts:main, as many as you like: the limits are those of all of them together
import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))

  pgq.entrypoint("convert", async (_job, { signal }) => pause(100, undefined, { signal }), { concurrencyLimit: 2 })
  pgq.entrypoint("book", async (job) => pause(20, { booked: job.payload }), { serializedDispatch: true })
  pgq.entrypoint("call_api", async () => {}, { requestsPerSecond: 10 })

  return pgq
}
