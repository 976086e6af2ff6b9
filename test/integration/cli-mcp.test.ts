import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { expect, onTestFinished, test } from "vitest"
import { environmentOf, pgqFile, start, startPgq } from "../support/command-line.js"
import { startCuttingProxy } from "../support/cutting-proxy.js"
import { deferred, installQueue, type TestQueue } from "../support/queue.js"

test("offers tools that only read, with what each takes", async () => {
  const { client } = await connect(await installQueue())
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual([
    "overview",
    "jobs",
    "job",
    "explain",
    "failures",
    "schedules",
    "workers",
    "doctor",
  ])
  for (const { annotations, inputSchema, description } of tools) {
    expect(annotations?.readOnlyHint).toBe(true)
    expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false })
    expect(description).toMatch(/\w/)
  }
  expect(client.getServerVersion()?.name).toBe("pgqueuer")
  expect(client.getInstructions()).toMatch(/only reads/)
})

test("answers what a person would look up", async () => {
  const queue = await installQueue()
  const ids = await queue.queries.enqueue(["good", "bad", "bad"], [{ secret: 1 }, { secret: 2 }, { secret: 3 }])
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("good", (_, { log }) => log.info("well done", { secret: 4 }))
  pgq.entrypoint("bad", (job) => {
    throw new Error(`order ${job.id} is gone`)
  })
  await drain()
  const [waiting] = await queue.queries.enqueue("nobody", { secret: 5 })
  const { ask } = await connect(queue)
  expect(await ask("overview")).toMatchObject({
    unfinished: { entrypoints: [{ entrypoint: "nobody", queued: { count: 1, exact: true } }] },
    ended: [
      { entrypoint: "bad", ended: { exception: 2 }, run: { count: 2 } },
      { entrypoint: "good", ended: { successful: 1 }, run: { count: 1 } },
    ],
    workers: [],
  })
  expect(await ask("jobs", { status: "exception", limit: 1 })).toMatchObject([{ id: ids[2], entrypoint: "bad" }])
  expect(await ask("job", { id: ids[0] })).toMatchObject({ status: "successful", logs: [{ message: "well done" }] })
  expect(await ask("job", { id: ids[1] })).toMatchObject({
    status: "exception",
    failures: [{ attempt: 1, error: expect.stringContaining("is gone"), traceback: expect.any(String) }],
  })
  expect(await ask("job", { id: "99999" })).toEqual({ id: "99999", status: "unknown" })
  expect(await ask("explain", { id: waiting })).toMatchObject({ status: "queued", reasons: [{ code: "no-worker" }] })
  expect(await ask("failures")).toMatchObject([
    { entrypoint: "bad", error: "Error: order # is gone", attempts: 2, ended: 2, held: 0, ids: [ids[2], ids[1]] },
  ])
  expect(await ask("workers", { all: true })).toMatchObject([{ state: "stopped", pid: process.pid }])
  const { findings } = (await ask("doctor")) as { findings: readonly object[] }
  expect(findings).toContainEqual(expect.objectContaining({ code: "no-worker" }))
})

test("tells what recurs, and how it ran", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const ran = deferred()
  pgq.schedule("every second", "* * * * * *", () => ran.resolve())
  pgq.schedule("夜間", "0 3 * * *", { entrypoint: "report", payload: { secret: 1 }, headers: { secret: 2 } })
  const running = start()
  await ran.promise
  await running.stop()
  const { ask, client } = await connect(queue)
  const all = await ask("schedules")
  expect(all).toMatchObject([
    { name: "every second", entrypoint: null },
    { name: "夜間", entrypoint: "report" },
  ])
  expect(JSON.stringify(all)).not.toContain("secret")
  const one = await ask("schedules", { name: "every second", limit: 1 })
  expect(one).toMatchObject({ expression: "* * * * * *", runs: [{ status: "successful" }] })
  expect(await ask("schedules", { name: "nothing" })).toEqual({ name: "nothing", status: "unknown", runs: [] })
  expect(await client.callTool({ name: "schedules", arguments: { name: "" } })).toMatchObject({ isError: true })
})

test("answers with an error while its connections are cut, and goes on afterwards", async () => {
  const queue = await installQueue()
  const proxy = await startCuttingProxy(queue.database.url, ["from "])
  const { ask, client } = await connect({ ...queue, database: { ...queue.database, url: proxy.url } })
  proxy.cutEvery(1)
  expect(await client.callTool({ name: "workers" })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("PGQ_CONNECTION") }],
  })
  proxy.cutEvery(Number.POSITIVE_INFINITY)
  expect(await ask("workers")).toEqual([])
  expect(proxy.cuts).toBe(1)
})

test("shows payloads only when it was started so", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a", { secret: 1 }, { headers: { secret: "2" } })
  const [plain, open] = [await connect(queue), await connect(queue, "--payloads")]
  for (const tool of ["jobs", "job"] as const) {
    const inputs = tool === "job" ? { id } : {}
    expect(JSON.stringify(await plain.ask(tool, inputs))).not.toContain("secret")
    expect(JSON.stringify(await open.ask(tool, inputs))).toMatch(/"payload":\{"secret":1\}/)
  }
})

test.each([
  ["jobs", { status: "quued" }, "PGQ_OPTION_INVALID"],
  ["jobs", { entrypiont: "a" }, "did you mean entrypoint?"],
  ["job", {}, "must be of the type string"],
  ["job", { id: "x'; drop table job" }, "PGQ_OPTION_INVALID"],
  ["overview", { since: "an hour" }, "PGQ_OPTION_INVALID"],
  ["cancel", { id: "1" }, "there is no tool"],
])("answers %s of %j with an error that says what is wrong, and goes on", async (name, inputs, message) => {
  const { client, ask } = await connect(await installQueue())
  const answer = await client.callTool({ name, arguments: inputs })
  expect(answer).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(message) }] })
  expect(await ask("workers")).toEqual([])
})

test("says that the tables are missing, and ends when nobody asks any more", async () => {
  const { database } = await installQueue()
  const { client } = await connect({ database, schema: "nothing_here" })
  expect(await client.callTool({ name: "jobs" })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("PGQ_SCHEMA_MISSING") }],
  })
  const { code, stdout } = await startPgq(["mcp"], { database, input: "" }).finished
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" })
})

test("gives the line that installs the package when that is missing", async () => {
  const { database } = await installQueue()
  const hook = `export async function resolve(name, context, next) {
    if (name.startsWith("@modelcontextprotocol/")) throw new Error("Cannot find package")
    return next(name, context)
  }`
  const withoutPackage = `import { register } from "node:module"; register(${JSON.stringify(asModule(hook))})`
  const { code, stdout, stderr } = await start(["--import", asModule(withoutPackage), pgqFile, "mcp"], { database })
    .finished
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(stderr).toContain("(PGQ_MODULE_INVALID)\n  Install it: npm install @modelcontextprotocol/sdk\n")
})

function asModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}

async function connect({ database, schema }: Pick<TestQueue, "database" | "schema">, ...args: readonly string[]) {
  const environment = {
    ...environmentOf(database),
    PGQUEUER_SCHEMA: schema,
    PGAPPNAME: schema,
    PATH: process.env["PATH"]!,
  }
  const client = new Client({ name: "test", version: "1" })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [pgqFile, "mcp", ...args],
      env: environment,
      stderr: "ignore",
    }),
  )
  onTestFinished(() => client.close())
  return {
    client,
    async ask(name: string, inputs: object = {}): Promise<unknown> {
      const { content, isError } = await client.callTool({ name, arguments: { ...inputs } })
      const [{ text }] = content as [{ text: string }]
      if (isError === true) throw new Error(text)
      return JSON.parse(text)
    },
  }
}
