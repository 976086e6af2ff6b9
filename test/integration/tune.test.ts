import { expect, it } from "vitest"
import { installQueue, type TestQueue } from "../support/queue.js"

it("finds a fresh install set as recommended, but for the history", async () => {
  const { queries } = await installQueue({ prefix: "acme_" })
  const tunings = await queries.tune({ dryRun: true })
  expect(tunings.map(({ table }) => table).sort()).toEqual(["expiry", "failure", "job", "log_line", "outcome"])
  expect((await queries.doctor()).findings.filter(({ code }) => code === "table-options")).toEqual([])
})

it("puts options, their order and comments back exactly, after several tunings too", async () => {
  const queue = await installQueue({ prefix: "acme_" })
  const { queries, sql } = queue
  await sql("alter table pgqueuer.claim reset (autovacuum_vacuum_threshold, vacuum_truncate)")
  await sql("alter table pgqueuer.claim set (toast_tuple_target = 4000, parallel_workers = 0)")
  await sql("comment on table pgqueuer.claim is 'ours: it''s \\hot'")
  const before = await settingsOf(queue)
  const [claim] = (await queries.tune()).filter(({ table }) => table === "claim")
  expect(claim?.changes).toEqual([
    { option: "vacuum_truncate", before: null, after: "off" },
    { option: "autovacuum_vacuum_threshold", before: null, after: "1000" },
  ])
  expect(await queries.tune()).toEqual([])
  await sql("alter table pgqueuer.claim set (vacuum_truncate = on)")
  expect(await queries.tune()).toMatchObject([{ table: "claim" }])
  const tuned = await settingsOf(queue)
  expect(tuned).not.toEqual(before)
  const plan = await queries.tune({ rollback: true, dryRun: true })
  expect(await settingsOf(queue)).toEqual(tuned)
  expect(await queries.tune({ rollback: true })).toEqual(plan)
  expect(await settingsOf(queue)).toEqual(before)
  expect(await queries.tune({ rollback: true })).toEqual([])
})

it("ends well when two tune at once", async () => {
  const queue = await installQueue()
  const before = await settingsOf(queue)
  const counts = (await Promise.all([queue.queries.tune(), queue.queries.tune()])).map(({ length }) => length)
  expect(counts.sort()).toEqual([0, 5])
  await queue.queries.tune({ rollback: true })
  expect(await settingsOf(queue)).toEqual(before)
})

it("refuses options that it does not know, and to tune what is not installed", async () => {
  const { queries } = await installQueue({ checked: false })
  await expect(queries.tune({ rollbak: true } as never)).rejects.toThrow(/did you mean rollback/)
  await queries.uninstall()
  await expect(queries.tune()).rejects.toMatchObject({ code: "PGQ_SCHEMA_MISSING" })
})

async function settingsOf({ sql, schema }: TestQueue): Promise<unknown> {
  return sql(
    `select relname, reloptions, obj_description(oid, 'pg_class') as comment
    from pg_class where relnamespace = $1::regnamespace and relkind = 'r' order by relname`,
    [schema],
  )
}
