import { expect, test } from "vitest"
import { pgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"

test("shows and sets limits by hand, and gives them back to the code", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("fetch")
  const set = await pgq(["limits", "fetch", "--concurrency", "5", "--rate", "none"], { database })
  expect(set).toMatchObject({ code: 0, stderr: "" })
  expect(set.stdout).toMatch(/fetch +5 \(by hand\) +none \(by hand\)/)
  const shown = await pgq(["limits", "--json"], { database })
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { entrypoint: "fetch", concurrencyLimit: { code: null, set: 5, effective: 5 }, requestsPerSecond: { set: null } },
  ])
  const reset = await pgq(["limits", "fetch", "--reset"], { database })
  expect(reset.stdout).toMatch(/fetch +none +none/)
})

test("says when nothing is known of an entrypoint, and sets the limit all the same", async () => {
  const { database, queries } = await installQueue()
  const { code, stderr } = await pgq(["limits", "fecth", "--concurrency", "5"], { database })
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Nothing is known of "fecth"') })
  expect(await queries.limits()).toMatchObject([{ concurrencyLimit: { effective: 5 } }])
})

test.each([
  [["limits", "--rate", "5"], "no entrypoint is named"],
  [["limits", "a", "--rate", "5", "--reset"], "--reset stands beside a limit to set"],
  [["limits", "a", "--concurrency", "many"], "--concurrency is not a number"],
  [["limits", "a", "--concurrency", "0.5"], "concurrencyLimit must be a whole number from 1"],
])("refuses %j", async (args, message) => {
  const { database, queries } = await installQueue()
  const { code, stderr } = await pgq(args, { database })
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
  expect(await queries.limits()).toEqual([])
})

test("pauses and resumes entrypoints", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue(["a", "b"])
  const paused = await pgq(["pause", "a", "b"], { database })
  expect(paused).toMatchObject({ code: 0, stdout: "a paused\nb paused\n", stderr: "" })
  expect((await queries.limits()).map((limits) => limits.paused)).toEqual([true, true])
  const resumed = await pgq(["resume", "b", "--json"], { database })
  expect(JSON.parse(resumed.stdout)).toMatchObject([{ entrypoint: "b", paused: false }])
})

test("lists workers", async () => {
  const queue = await installQueue()
  const { database } = queue
  expect(await pgq(["workers"], { database })).toMatchObject({ code: 0, stdout: "", stderr: "No worker runs.\n" })
  const worker = queue.worker()
  worker.pgq.entrypoint("fetch", () => {})
  await worker.drain()
  const json = await pgq(["workers", "--all", "--json"], { database })
  expect(JSON.parse(json.stdout)).toMatchObject([{ state: "stopped", pid: process.pid, entrypoints: ["fetch"] }])
  const table = await pgq(["workers", "--all"], { database })
  expect(table.stdout).toMatch(/stopped .* ago .* fetch/)
})

test("counts and removes old history", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  await queries.cancel(await queries.enqueue(["a", "a", "b"]))
  await queue.sql("update pgqueuer.outcome set finished_at = now() - interval '2 days'")
  await queue.sql("update pgqueuer.job set created_at = now() - interval '2 days'")
  const young = await pgq(["prune"], { database })
  expect(young).toMatchObject({ code: 0, stdout: "", stderr: "No job ended that long ago.\n" })
  const args = ["prune", "--older-than", "1d", "--status", "canceled,deleted", "--entrypoint", "a"]
  const dry = await pgq([...args, "--dry-run"], { database })
  expect(dry).toMatchObject({ code: 0, stderr: "2 jobs would be removed. Nothing was.\n" })
  const json = await pgq([...args, "--json"], { database })
  expect(JSON.parse(json.stdout)).toMatchObject({ removed: 2, counts: [{ entrypoint: "a", count: 2 }] })
  const rest = await pgq(["prune", "--older-than", "1d"], { database })
  expect(rest).toMatchObject({ stdout: expect.stringMatching(/b +canceled +1/), stderr: "1 job removed.\n" })
  expect(await queries.jobs()).toEqual([])
  expect(await pgq(["prune", "--status", "queued"], { database })).toMatchObject({ code: 2 })
})

test("explains why a job is not running", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("fetch")
  await queries.pause("fetch")
  const { code, stdout } = await pgq(["explain", id!], { database })
  expect({ code, lines: stdout.split("\n") }).toEqual({
    code: 0,
    lines: [
      `${id} queued`,
      "- the entrypoint fetch is paused: pgq resume fetch",
      expect.stringMatching(/^- no running worker has a handler for fetch/),
      "",
    ],
  })
  const unknown = await pgq(["explain", "404", "--json"], { database })
  expect(unknown.code).toBe(1)
  expect(JSON.parse(unknown.stdout)).toMatchObject({ id: "404", status: "unknown" })
})
