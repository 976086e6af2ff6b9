import { expect, test } from "vitest"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { type Finished, pgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"

test("enqueues from a shell and prints the id", async () => {
  const { database, queries } = await installQueue()
  const args = ["--priority", "-5", "--execute-after", "1h", "--header", "trace=a=b", "--header", "user=7"]
  const { code, stdout } = await pgq(["queue", "mail", '{"to":"ada"}', ...args], { database })
  expect(code).toBe(0)
  expect(await queries.job(stdout.trim())).toMatchObject({
    entrypoint: "mail",
    payload: { to: "ada" },
    priority: -5,
    status: "deferred",
    headers: { trace: "a=b", user: "7" },
  })
})

test("takes the payload from stdin, of any size, or none at all", async () => {
  const { database, queries } = await installQueue()
  const payload = { text: "ä".repeat(200_000) }
  const piped = await pgq(["queue", "mail", "-", "--json"], { database, input: JSON.stringify(payload) })
  const bare = await pgq(["queue", "mail"], { database })
  expect((await queries.job(JSON.parse(piped.stdout).id))?.payload).toEqual(payload)
  expect((await queries.job(bare.stdout.trim()))?.payload).toBeUndefined()
})

test("refuses a payload from stdin that is not JSON and writes nothing", async () => {
  const { database, queries } = await installQueue()
  const { code, stderr } = await pgq(["queue", "mail", "-"], { database, input: "" })
  expect({ code, jobs: await queries.jobs() }).toEqual({ code: 2, jobs: [] })
  expect(stderr).toContain("(PGQ_PAYLOAD_INVALID)")
})

test("refuses a time that is none", async () => {
  const { database } = await installQueue()
  const { code, stderr } = await pgq(["queue", "mail", "--execute-after", "tomorrow"], { database })
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("executeAfter is neither") })
})

test("lists jobs newest first, by status, entrypoint and page", async () => {
  const { database, queries } = await installQueue()
  const [first, second, third] = await queries.enqueue(["mail", "mail", "fetch"])
  await queries.cancel(second!)
  const list = async (...args: string[]) => idsOf(await pgq(["jobs", "--json", ...args], { database }))
  expect(await list()).toEqual([third, second, first])
  expect(await list("--status", "queued", "--entrypoint", "mail")).toEqual([first])
  expect(await list("--limit", "1", "--after", second!)).toEqual([first])
  const table = await pgq(["jobs"], { database })
  expect(table.stdout).toMatch(/^ *ID {2}ENTRYPOINT {2}STATUS/)
  expect(table.stdout).toMatch(/mail +canceled/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a pipe gets none of them
  expect(table.stdout).not.toMatch(/\u001b/)
})

test("keeps control characters in names away from the terminal", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("red\u001b[31m\nalert")
  const { stdout } = await pgq(["jobs"], { database })
  expect(stdout).toContain("red\\u001b[31m\\nalert")
})

test("shows a job with its failed attempts", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const [id] = await queries.enqueue("mail", { to: "ada" })
  const worker = queue.worker()
  worker.pgq.entrypoint("mail", (job) => {
    if (job.attempt === 1) throw new RetryRequested({ reason: "greylisted" })
    throw new Error("mailbox full")
  })
  const running = worker.start()
  await queue.ended(1)
  await running.stop()
  const shown = await pgq(["job", id!], { database })
  expect(shown.stdout).toMatch(/status +exception/)
  expect(shown.stdout).toContain("attempt 1 failed")
  expect(shown.stdout).toContain("mailbox full")
  const { stdout } = await pgq(["job", id!, "--json"], { database })
  expect(JSON.parse(stdout)).toMatchObject({
    id,
    payload: { to: "ada" },
    status: "exception",
    failures: [{ attempt: 1, error: expect.stringContaining("greylisted") }, { attempt: 2 }],
  })
})

test("shows how far a job is, what it returned and what it logged", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const [id] = await queries.enqueue("mail")
  const worker = queue.worker()
  worker.pgq.entrypoint("mail", (_, { log, progress }) => {
    progress({ sent: 3 })
    log.warn("greylisted\nonce", { host: "mx" })
    return "250 OK"
  })
  await worker.drain()
  const { stdout: text } = await pgq(["job", id!], { database })
  expect(text).toMatch(/^progress +\{"sent":3\}$/m)
  expect(text).toMatch(/^result +"250 OK"$/m)
  expect(text).toMatch(/Z attempt 1 warn {2}greylisted\\nonce \{"host":"mx"\}$/m)
  const { stdout: json } = await pgq(["job", id!, "--json"], { database })
  expect(JSON.parse(json)).toMatchObject({
    progress: { sent: 3 },
    result: "250 OK",
    logs: [{ level: "warn", message: "greylisted\nonce", fields: { host: "mx" }, attempt: 1 }],
  })
})

test("says that a job is unknown, or that an id is none", async () => {
  const { database } = await installQueue()
  const unknown = await pgq(["job", "404", "--json"], { database })
  expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("(PGQ_JOB_UNKNOWN)") })
  const wrong = await pgq(["job", "abc"], { database })
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("(PGQ_OPTION_INVALID)") })
})

test("cancels what waits and says of each id what was done", async () => {
  const { database, queries } = await installQueue()
  const ids = await queries.enqueueMany([{ entrypoint: "mail" }, { entrypoint: "mail", executeAfter: "1h" }])
  const [queued, deferred] = ids as [string, string]
  const all = await pgq(["cancel", queued, deferred], { database })
  expect(all).toMatchObject({ code: 0, stdout: `${queued} canceled\n${deferred} canceled\n` })
  const again = await pgq(["cancel", queued, "404"], { database })
  expect(again).toMatchObject({
    code: 1,
    stdout: `${queued} was canceled before\n404 not canceled: no job has this id\n`,
  })
  const json = await pgq(["cancel", "404", "--json"], { database })
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toEqual([{ id: "404", done: false, status: "unknown" }])
})

test("asks the worker of a job that runs to stop it, does not cancel one that has ended, and says so", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const [ended, running] = await queries.enqueue(["quick", "slow"])
  const worker = queue.worker()
  const [begun, begins] = signalled()
  const [released, release] = signalled()
  worker.pgq.entrypoint("quick", () => {})
  worker.pgq.entrypoint("slow", () => {
    begins()
    return released
  })
  worker.start()
  await Promise.all([begun, queue.ended(1)])
  const { code, stdout } = await pgq(["cancel", ended!, running!], { database })
  release()
  expect(code).toBe(1)
  expect(stdout).toBe(`${ended} not canceled: it is successful\n${running} asked to stop: a worker runs it\n`)
})

test("counts what waits and how jobs ended", async () => {
  const { database, queries } = await installQueue()
  const [first] = await queries.enqueue(["mail", "mail", "fetch"])
  await queries.cancel(first!)
  const { stdout } = await pgq(["stats", "--since", "5m", "--json"], { database })
  expect(JSON.parse(stdout)).toMatchObject({
    queue: {
      entrypoints: [
        { entrypoint: "fetch", queued: { count: 1, exact: true } },
        { entrypoint: "mail", queued: { count: 1, exact: true } },
      ],
      exact: true,
    },
    ended: [{ entrypoint: "mail", ended: { canceled: 1, successful: 0 } }],
    sinceMs: 300_000,
  })
  const table = await pgq(["stats"], { database })
  expect(table.stdout).toContain("Ended in the last 60 min:")
})

test("says what to run when the tables are not there", async () => {
  const { database } = await installQueue()
  const { code, stderr } = await pgq(["jobs", "--schema", "elsewhere"], { database })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/PGQ_SCHEMA_MISSING\)\n {2}Run: pgq install/),
  })
})

function idsOf({ stdout }: Finished): string[] {
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)
}

function signalled(): [Promise<void>, () => void] {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return [promise, resolve]
}
