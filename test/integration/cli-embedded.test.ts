import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { findRunningServer } from "../../src/adapters/embedded/running-server.js"
import { pgq, repository, startPgq } from "../support/command-line.js"

const worker = join(repository, "test/support/workers/several.ts:slow")

test("finds the jobs of an earlier start, with the tables made by itself", async () => {
  const folder = projectFolder()
  const queued = await pgq(["queue", "other", "--embedded"], { folder })
  expect(queued).toMatchObject({ code: 0, stdout: "1\n" })
  expect(await findRunningServer(join(folder, ".pgqueuer"))).toBeUndefined()
  const drained = await pgq(["run", worker, "--embedded", "--mode", "drain"], { folder })
  expect(drained).toMatchObject({ code: 0, stdout: "other ran\n" })
  expect(drained.stderr).toMatch(/PostgreSQL of this folder started on 127\.0\.0\.1:\d+/)
  const { stdout } = await pgq(["jobs", "--embedded", "--json"], { folder })
  expect(JSON.parse(stdout)).toMatchObject([{ id: "1", status: "successful" }])
})

test("joins the server that another process of the folder runs", async () => {
  const folder = projectFolder()
  const first = startPgq(["run", worker, "--embedded"], { folder })
  const second = startPgq(["run", worker, "--embedded"], { folder })
  await Promise.all([first.writes("worker started"), second.writes("worker started")])
  expect([first.stderr, second.stderr].filter((text) => text.includes("folder joined"))).toHaveLength(1)
  await pgq(["queue", "other", "--embedded"], { folder })
  const joined = first.stderr.includes("folder joined") ? first : second
  joined.process.kill("SIGTERM")
  expect((await joined.finished).code).toBe(0)
  const owner = joined === first ? second : first
  owner.process.kill("SIGTERM")
  expect((await owner.finished).code).toBe(0)
  expect(await findRunningServer(join(folder, ".pgqueuer"))).toBeUndefined()
})

test("does not make a folder for a command line that is refused", async () => {
  const folder = projectFolder()
  expect((await pgq(["jobs", "--embedded", "--status", "none"], { folder })).code).toBe(2)
  expect(existsSync(join(folder, ".pgqueuer"))).toBe(false)
})

function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pgq-project-"))
  chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return folder
}
