import { expect, test } from "vitest"
import { pgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"
import { storeRun, storeSchedule, storeWorker } from "../support/schedules.js"

test("lists schedules as a table and as JSON", async () => {
  const queue = await installQueue()
  const { database } = queue
  expect(await pgq(["schedules"], { database })).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringContaining("There are no schedules"),
  })
  await storeSchedule(queue, "report", { timezone: "Europe/Oslo" })
  await storeSchedule(queue, "tidy", { entrypoint: "clean", paused: true })
  await storeWorker(queue, ["report"])
  await storeRun(queue, { schedule: "report", status: "successful" })
  const { code, stdout } = await pgq(["schedules"], { database })
  expect(code).toBe(0)
  expect(stdout).toMatch(/report +0 9 \* \* \* +Europe\/Oslo +active +2100-01-01 09:00:00Z +successful/)
  expect(stdout).toMatch(/tidy +0 9 \* \* \* +UTC +paused, orphaned +clean/)
  const json = JSON.parse((await pgq(["schedules", "list", "--json"], { database })).stdout)
  expect(json).toMatchObject([
    { name: "report", orphaned: false, nextExecution: "2100-01-01T09:00:00.000Z", lastRun: { status: "successful" } },
    { name: "tidy", orphaned: true, paused: true, nextExecution: null, lastRun: null },
  ])
})

test("pauses, resumes, triggers and removes schedules, and says of each what was done", async () => {
  const queue = await installQueue()
  const { database } = queue
  await storeSchedule(queue, "report")
  await storeSchedule(queue, "tidy")
  await storeWorker(queue, ["report"])
  const outputs = [
    [["pause", "report", "tidy"], "report paused\ntidy paused\n"],
    [["pause", "report"], "report was paused already\n"],
    [["resume", "report"], "report resumed\n"],
    [["resume", "report"], "report was not paused\n"],
    [["trigger", "report"], "report triggered\n"],
    [["trigger", "tidy"], "tidy triggered; no running worker has code for it, so it waits for one\n"],
    [["remove", "tidy"], "tidy removed\n"],
    [["remove", "report"], "report removed; it comes back when a worker that has code for it starts\n"],
  ] as const
  for (const [args, stdout] of outputs) {
    expect(await pgq(["schedules", ...args], { database })).toMatchObject({ code: 0, stdout, stderr: "" })
  }
  expect(await queue.queries.schedules()).toEqual([])
})

test("fails for names that are not known, does the rest, and guesses what was meant", async () => {
  const queue = await installQueue()
  const { database } = queue
  await storeSchedule(queue, "report")
  const paused = await pgq(["schedules", "pause", "repotr", "report"], { database })
  expect(paused).toMatchObject({
    code: 1,
    stdout: "repotr not paused: there is no schedule of this name, did you mean report?\nreport paused\n",
  })
  const json = await pgq(["schedules", "remove", "other", "--json"], { database })
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toEqual([{ name: "other", done: false, reason: "unknown" }])
  const runs = await pgq(["schedules", "runs", "repotr"], { database })
  expect(runs).toMatchObject({ code: 1, stdout: "" })
  expect(runs.stderr).toContain('There is no schedule "repotr", did you mean report?')
})

test("shows the runs of a schedule, page by page", async () => {
  const queue = await installQueue()
  const { database } = queue
  await storeSchedule(queue, "report")
  const none = await pgq(["schedules", "runs", "report"], { database })
  expect(none).toMatchObject({ code: 0, stdout: "", stderr: "It has not run yet.\n" })
  const tick = "2026-03-01T09:00:00Z"
  const failed = { status: "exception", error: "Error: full", started_at: tick, finished_at: "2026-03-01T09:00:02Z" }
  await storeRun(queue, { schedule: "report", tick, ...failed })
  const id = await storeRun(queue, { schedule: "report", tick, status: "waiting", by_hand: true })
  const all = await pgq(["schedules", "runs", "report"], { database })
  expect(all.stdout).toMatch(/2026-03-01 09:00:00Z +exception +1 +2026-03-01 09:00:00Z +2\.0 s +Error: full/)
  const page = await pgq(["schedules", "runs", "report", "--limit", "1"], { database })
  expect(page.stdout).toMatch(/waiting +1 +by hand/)
  expect(page.stderr).toBe(`More: --after ${id}\n`)
})

test("shows when a schedule or an expression runs next", async () => {
  const queue = await installQueue()
  const { database } = queue
  await storeSchedule(queue, "report", { expression: "15 9 * * *" })
  const byName = await pgq(["schedules", "preview", "report"], { database })
  expect(byName.stdout).toMatch(/^(\d{4}-\d\d-\d\d 09:15:00Z\n){5}$/)
  const args = ["schedules", "preview", "0 12 * * *", "--timezone", "asia/kathmandu", "--count", "2", "--json"]
  const times = JSON.parse((await pgq(args, { database })).stdout)
  expect(times).toEqual([expect.stringMatching(/T06:15:00\.000Z$/), expect.stringMatching(/T06:15:00\.000Z$/)])
})

test.each([
  [["preview", "61 * * * *"], "minute 61 is out of range"],
  [["preview", "nothing"], 'there is no schedule "nothing"'],
  [["preview", "@daily", "--count", "none"], "--count is not a whole number"],
  [["pasue", "report"], 'no command "pasue", did you mean pause?'],
  [["pause"], "missing required argument"],
])("refuses %j", async (args, message) => {
  const { database } = await installQueue()
  const { code, stderr } = await pgq(["schedules", ...args], { database })
  expect(code).not.toBe(0)
  expect(stderr).toContain(message)
})

test("points to the help of the command that was meant", async () => {
  expect(await pgq(["schedules", "pause"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("See: pgq schedules pause --help"),
  })
  expect(await pgq(["pause"])).toMatchObject({ code: 2, stderr: expect.stringContaining("See: pgq pause --help") })
})
