import { Pool } from "pg"
import { PgQueuer, type Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))
  pgq.entrypoint("crawl", async (job, { signal }) => {
    for (const url of job.payload as string[]) {
      signal.throwIfAborted()
      await fetch(url, { signal })
    }
  })
  return pgq
}

export async function cancelSome(queries: Queries, waiting?: string, running?: string) {
  await queries.cancel([waiting!, running!, "404"])
  // [
  //   { id: "1", done: true, status: "canceled" }, it waited, and never runs
  //   { id: "2", done: true, status: "picked" },   it runs, and was asked to stop
  //   { id: "404", done: false, status: "unknown" },
  // ]
}
