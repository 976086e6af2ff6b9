import { expect, test } from "vitest"
import { pgq } from "../support/command-line.js"
import { installQueue, type TestQueue } from "../support/queue.js"

test("reschedules what waits, and says of each id what was done", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("mail")
  const moved = await pgq(["reschedule", id!, "404", "--execute-after", "1h", "--priority", "3"], { database })
  expect(moved).toMatchObject({
    code: 1,
    stdout: `${id} rescheduled: it is deferred\n404 not rescheduled: no job has this id\n`,
  })
  expect(await queries.job(id!)).toMatchObject({ status: "deferred", priority: 3 })
  const json = await pgq(["reschedule", id!, "--execute-after", "0s", "--json"], { database })
  expect(json.code).toBe(0)
  expect(JSON.parse(json.stdout)).toEqual([{ id, done: true, status: "queued" }])
  expect(await pgq(["reschedule", id!], { database })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("nothing to change"),
  })
})

test("lists failed jobs, requeues and deletes them by id or all of one entrypoint", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const [first, second, third] = await hold(queue, 3)
  const listed = await pgq(["failed"], { database })
  expect(listed.stdout).toMatch(/mail +1 +\S+ \S+ +worker lost/)
  expect(await pgq(["requeue", first!, "404"], { database })).toMatchObject({
    code: 1,
    stdout: `${first} requeued\n404 not requeued: no job has this id\n`,
  })
  expect((await queries.job(first!))!.status).toBe("queued")
  expect(await pgq(["delete", second!], { database })).toMatchObject({ code: 0, stdout: `${second} deleted\n` })
  expect(await pgq(["requeue", "--entrypoint", "mail"], { database })).toMatchObject({
    code: 0,
    stdout: "1 job requeued\n",
  })
  expect((await queries.job(third!))!.status).toBe("queued")
  const all = await pgq(["delete", "--entrypoint", "mail", "--json"], { database })
  expect(JSON.parse(all.stdout)).toMatchObject({ deleted: 2 })
  expect(await queries.queueSize()).toEqual([])
  expect(await pgq(["delete", "--entrypoint", "mail"], { database })).toMatchObject({
    code: 1,
    stdout: "0 jobs deleted\n",
  })
})

test("lists failed jobs by the kind of their error, whatever the numbers in it", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  await queries.enqueueMany(Array.from({ length: 5 }, (_, payload) => ({ entrypoint: "sync", payload })))
  const worker = queue.worker()
  worker.pgq.entrypoint(
    "sync",
    ({ payload }) => {
      throw new Error(payload === 4 ? "refused" : `no account ${payload}`)
    },
    { onFailure: "hold" },
  )
  await worker.drain()
  const listed = await pgq(["failed", "--by-error"], { database })
  expect(listed.stdout).toMatch(/ 4 +sync .*Error: no account #\n +1 +sync .*Error: refused/)
  const json = await pgq(["failed", "--by-error", "--entrypoint", "sync", "--limit", "1", "--json"], { database })
  expect(JSON.parse(json.stdout)).toMatchObject([{ entrypoint: "sync", error: "Error: no account #", held: 4 }])
  expect(await pgq(["failed", "--by-error", "--after", "5"], { database })).toMatchObject({ code: 2 })
  await queries.requeue({ entrypoint: "sync" })
  expect((await pgq(["failed", "--by-error"], { database })).stderr).toContain("No failed jobs are held.")
})

test("deletes nothing without being told what, or when told in two ways", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("mail")
  for (const args of [["delete"], ["requeue"], ["delete", id!, "--entrypoint", "mail"]])
    expect(await pgq(args, { database })).toMatchObject({ code: 2, stderr: expect.stringContaining("(PGQ_USAGE)") })
  expect((await queries.job(id!))!.status).toBe("queued")
})

async function hold(queue: TestQueue, count: number): Promise<string[]> {
  const ids = await queue.queries.enqueueMany(Array.from({ length: count }, () => ({ entrypoint: "mail" })))
  await queue.sql(`with gone as (delete from pgqueuer.ready returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, error)
    select job_id, entrypoint, rank, attempt, 4, 'worker lost' from gone`)
  return ids
}
