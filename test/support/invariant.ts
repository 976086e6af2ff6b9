import { readFileSync } from "node:fs"
import type pg from "pg"
import { render } from "../../src/adapters/postgres/statement.js"
import type { Placement } from "../../src/domain/names.js"

const invariant = readFileSync(new URL("invariant.sql", import.meta.url), "utf8")

/** Where the database breaks the rule that a job stands in exactly one place; none is right. */
export async function findBreaches(on: pg.Pool | pg.Client, placement: Placement): Promise<string[]> {
  const { rows } = await on.query<{ job_id: string | null; problem: string }>(render(invariant, placement))
  return rows.map((row) => `job ${row.job_id ?? "?"} ${row.problem}`)
}
