import pg from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export default function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new pg.Pool()))
  pgq.entrypoint("slow", () => console.log("ran in plain"))
  return pgq
}
