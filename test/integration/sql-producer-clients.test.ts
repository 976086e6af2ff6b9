import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { environmentOf, repository } from "../support/command-line.js"
import type { TestDatabase } from "../support/database.js"
import { eventually, installQueue } from "../support/queue.js"

const python = ["python3", "/usr/bin/python3"].find((name) => spawnSync(name, ["-c", "import psycopg"]).status === 0)
const hasPsql = spawnSync("psql", ["--version"]).status === 0

test.skipIf(!hasPsql)("runs what psql enqueues (skipped without psql: apt-get install postgresql-client)", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const seen: unknown[] = []
  for (const name of ["fetch", "digest", "thumbnail", "confirm_order"]) {
    pgq.entrypoint(
      name,
      (job) => void seen.push([name, job.payload instanceof Uint8Array ? [...job.payload] : job.payload]),
    )
  }
  start()
  const { status, stdout, stderr } = run("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], "sql", queue.database)
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  expect(stdout.split("\n").filter((line) => /^\d+$/.test(line)).length).toBeGreaterThanOrEqual(9)
  await eventually(() => seen.length >= 7, 5_000)
  expect(seen).toEqual(
    expect.arrayContaining([
      ["fetch", undefined],
      ["fetch", { user: 7 }],
      ["fetch", { user: 8 }],
      ["digest", { user: 7 }],
      ["thumbnail", [0x89, 0x50, 0x4e, 0x47]],
      ["confirm_order", { id: 1, customer: "ada" }],
      ["confirm_order", { id: 2, customer: "grace" }],
    ]),
  )
  const waiting = await queue.queries.jobs({ status: "deferred" })
  expect(waiting.map((job) => job.entrypoint).sort()).toEqual(["remind", "remind", "sync"])
})

test.skipIf(python === undefined)(
  "runs what Python enqueues (skipped without psycopg: apt-get install python3-psycopg)",
  async () => {
    const queue = await installQueue()
    const { pgq, start } = queue.worker({ pollInterval: "60s" })
    const users = new Set<unknown>()
    const orders: unknown[] = []
    pgq.entrypoint("fetch", (job) => void users.add((job.payload as { user: number }).user))
    pgq.entrypoint("confirm_order", (job) => void orders.push(job.payload))
    start()
    const { status, stdout, stderr } = run(python!, ["-"], "py", queue.database)
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(stdout.trim().split("\n")).toEqual([
      "PQ003",
      "PGQ_PAYLOAD_INVALID: the headers are not an object",
      "Give a JSON object.",
      expect.stringMatching(/^\d+ 1000$/),
    ])
    await queue.ended(1_001)
    expect(users.size).toBe(1_000)
    expect(orders).toEqual([{ customer: "ada" }])
    const [later] = await queue.queries.jobs({ status: "deferred" })
    expect(later).toMatchObject({ entrypoint: "fetch", payload: { user: 7 }, priority: 5 })
  },
)

/** Runs the snippet in this language, with the test's schema in the place of the one that it names. */
function run(command: string, args: readonly string[], extension: string, database: TestDatabase) {
  const snippet = readFileSync(join(repository, `docs/snippets/sql-producer.${extension}`), "utf8")
  return spawnSync(command, args, {
    input: snippet.replaceAll("pgqueuer.", `${database.schema}.`),
    env: { ...process.env, ...environmentOf(database) },
    encoding: "utf8",
    timeout: 30_000,
  })
}
