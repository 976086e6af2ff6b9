import { expect, onTestFinished, test } from "vitest"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { eventually, installQueue } from "../support/queue.js"
import { storeRun, storeSchedule, storeWorker } from "../support/schedules.js"

test("lists schedules by name with their next tick, their newest run and who has code for them", async () => {
  const queue = await installQueue()
  expect(await queue.queries.schedules()).toEqual([])
  await storeSchedule(queue, "report", { expression: "0 9 * * mon", timezone: "Europe/Oslo" })
  await storeSchedule(queue, "clean", { entrypoint: "clean up" })
  const workerId = await storeWorker(queue, ["report"])
  await storeRun(queue, { schedule: "report", status: "successful", worker_id: workerId })
  const id = await storeRun(queue, { schedule: "report", status: "exception", worker_id: workerId, error: "Error: no" })
  const [clean, report] = await queue.queries.schedules()
  expect(clean).toMatchObject({ name: "clean", entrypoint: "clean up", orphaned: true, workers: 0, lastRun: null })
  expect(report).toMatchObject({
    name: "report",
    expression: "0 9 * * mon",
    timezone: "Europe/Oslo",
    missed: "once",
    overlap: "skip",
    entrypoint: null,
    paused: false,
    orphaned: false,
    workers: 1,
    waiting: 0,
    nextExecution: new Date("2100-01-01T09:00:00Z"),
    lastExecution: null,
    lastRun: { id, status: "exception", workerId, error: "Error: no", job: null },
  })
  expect(report).not.toHaveProperty("nextRun")
  expect(report).not.toHaveProperty("now")
})

test.each([
  ["has stopped", "stopped_at = clock_timestamp()"],
  ["is silent for longer than its timeout", "heartbeat_at = clock_timestamp() - interval '2 minutes'"],
])("shows a schedule as orphaned when the worker with code for it %s", async (_, change) => {
  const queue = await installQueue()
  await storeSchedule(queue, "report")
  await storeWorker(queue, ["report"])
  expect(await queue.queries.schedules()).toMatchObject([{ orphaned: false }])
  await queue.sql(`update pgqueuer.worker as worker set ${change}`)
  expect(await queue.queries.schedules()).toMatchObject([{ orphaned: true, workers: 0 }])
})

test("pauses schedules and tells of each whether it was changed", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "a")
  await storeSchedule(queue, "b", { paused: true })
  expect(await queue.queries.pauseSchedules(["a", "b", "aa", "a", "report"])).toEqual([
    { name: "a", done: true, orphaned: true },
    { name: "b", done: false, reason: "unchanged" },
    { name: "aa", done: false, reason: "unknown", guess: "a" },
    { name: "report", done: false, reason: "unknown" },
  ])
  expect(await queue.queries.schedules()).toMatchObject([
    { name: "a", paused: true, nextExecution: null },
    { name: "b", paused: true, nextExecution: null },
  ])
})

test("resumes a schedule from the next tick on, without what fell into the pause", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "a", { expression: "* * * * * *", paused: true, nextRun: "2026-01-01T00:00:00Z" })
  const waiting = await storeRun(queue, { schedule: "a", status: "waiting" })
  const lost = await storeRun(queue, { schedule: "a", status: "waiting", attempt: 2 })
  const cutOff = await storeRun(queue, { schedule: "a", status: "waiting", started_at: "2026-01-01T00:00:00Z" })
  const byHand = await storeRun(queue, { schedule: "a", status: "waiting", by_hand: true })
  expect(await queue.queries.resumeSchedules("a")).toEqual([{ name: "a", done: true, orphaned: true }])
  expect(await queue.queries.resumeSchedules("a")).toEqual([{ name: "a", done: false, reason: "unchanged" }])
  const [row] = await queue.sql<{ next_run: Date | null }>("select next_run from pgqueuer.schedule as schedule")
  expect(row!.next_run).toBeNull()
  const [schedule] = await queue.queries.schedules()
  const [now] = await queue.sql<{ now: Date }>("select clock_timestamp() as now")
  expect(Math.abs(schedule!.nextExecution!.getTime() - now!.now.getTime())).toBeLessThan(60_000)
  expect(await queue.queries.scheduleRuns("a")).toMatchObject([
    { id: byHand, status: "waiting" },
    { id: cutOff, status: "waiting" },
    { id: lost, status: "waiting" },
    { id: waiting, status: "skipped", error: "the schedule was paused" },
  ])
})

test.each(["pauseSchedules", "resumeSchedules", "triggerSchedules", "removeSchedules"] as const)(
  "%s tells the workers once, and only of a change",
  async (act) => {
    const queue = await installQueue()
    for (const name of ["a", "b"]) await storeSchedule(queue, name, { paused: act === "resumeSchedules" })
    const heard: string[] = []
    const subscription = await queue.driver.listen(new Statements(queue).channel, {
      onNotification: (payload) => heard.push(payload),
      onLost: () => heard.push("lost"),
    })
    onTestFinished(() => subscription.close())
    await queue.queries[act](["a", "b"])
    await queue.queries[act]("nobody")
    await queue.sql("select pg_notify($1, 'end')", [new Statements(queue).channel])
    await eventually(() => heard.includes("end"))
    expect(heard).toEqual(['{"entrypoints":[],"schedules":true}', "end"])
  },
)

test.each(["pauseSchedules", "resumeSchedules"] as const)("%s is a new revision of the row", async (act) => {
  const queue = await installQueue()
  await storeSchedule(queue, "a", { paused: act === "resumeSchedules" })
  const read = () => queue.sql("select revision, starts from pgqueuer.schedule")
  const [before] = await read()
  await queue.queries[act]("a")
  const [after] = await read()
  expect(Number(after!["revision"])).toBeGreaterThan(Number(before!["revision"]))
  expect(Number(after!["starts"])).toBeGreaterThan(Number(before!["starts"]))
})

test("asks for a run by hand, also of a schedule that is paused", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "a")
  await storeSchedule(queue, "b", { paused: true })
  const results = await queue.queries.triggerSchedules(["b", "a", "c"])
  expect(results).toEqual([
    { name: "b", done: true, orphaned: true, runId: expect.stringMatching(/^\d+$/) },
    { name: "a", done: true, orphaned: true, runId: expect.stringMatching(/^\d+$/) },
    { name: "c", done: false, reason: "unknown", guess: expect.any(String) },
  ])
  expect(await queue.queries.schedules()).toMatchObject([{ waiting: 1 }, { waiting: 1, paused: true }])
  expect(await queue.queries.scheduleRuns("a")).toMatchObject([{ status: "waiting", byHand: true, attempt: 1 }])
  expect((await queue.queries.schedules())[0]!.nextExecution).toEqual(new Date("2100-01-01T09:00:00Z"))
})

test("removes a schedule with the runs that wait, and keeps its history", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "a")
  await storeSchedule(queue, "b")
  await storeRun(queue, { schedule: "a", status: "successful" })
  await storeRun(queue, { schedule: "a", status: "running" })
  await storeRun(queue, { schedule: "a", status: "waiting" })
  expect(await queue.queries.removeSchedules(["a"])).toEqual([{ name: "a", done: true, orphaned: true }])
  expect(await queue.queries.removeSchedules("a")).toMatchObject([{ done: false, reason: "unknown" }])
  expect(await queue.queries.schedules()).toMatchObject([{ name: "b" }])
  expect(await queue.queries.scheduleRuns("a")).toMatchObject([
    { status: "skipped", error: "the schedule was removed" },
    { status: "running" },
    { status: "successful" },
  ])
})

test("says of a run that enqueued a job how that ended", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "a", { entrypoint: "fetch" })
  const [jobId] = await queue.queries.enqueue("fetch")
  await storeRun(queue, { schedule: "a", status: "enqueued", job_id: jobId })
  const [before] = await queue.queries.scheduleRuns("a")
  expect(before).toMatchObject({ status: "enqueued", job: { id: jobId, status: null } })
  await queue.queries.cancel(jobId!)
  const job = { id: jobId, status: "canceled", finishedAt: expect.any(Date) }
  expect(await queue.queries.scheduleRuns("a")).toMatchObject([{ status: "enqueued", job }])
  expect(await queue.queries.schedules()).toMatchObject([{ lastRun: { job } }])
})

test("gives the history in pages, newest first", async () => {
  const queue = await installQueue()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.unshift(await storeRun(queue, { schedule: "a", status: "successful" }))
  const first = await queue.queries.scheduleRuns("a", { limit: 3 })
  const second = await queue.queries.scheduleRuns("a", { limit: 3, after: first.at(-1)!.id })
  expect([...first, ...second].map((run) => run.id)).toEqual(ids)
  await expect(queue.queries.scheduleRuns("a", { limit: 0 })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
})

test("previews a schedule as it is stored, and an expression", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "weekly report", { expression: "30 9 * * mon", timezone: "Europe/Oslo" })
  const runs = await queue.queries.previewSchedule("weekly report", { count: 3 })
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Oslo", weekday: "short", timeStyle: undefined })
  expect(runs.map((run) => format.format(run))).toEqual(["Mon", "Mon", "Mon"])
  const half = await queue.queries.previewSchedule("*/30 * * * *", { timezone: "Asia/Kathmandu" })
  expect(half.map((run) => run.getTime() % 1_800_000)).toEqual([900_000, 900_000, 900_000, 900_000, 900_000])
  expect(await queue.queries.previewSchedule("@daily", { count: 1 })).toHaveLength(1)
})

test.each([
  ["weekly", {}, "PGQ_SCHEDULE_UNKNOWN", 'there is no schedule "weekly"'],
  ["repotr", {}, "PGQ_SCHEDULE_UNKNOWN", 'did you mean "report"?'],
  ["61 * * * *", {}, "PGQ_SCHEDULE_INVALID", "minute 61 is out of range"],
  ["5 * * *", {}, "PGQ_SCHEDULE_INVALID", "it has 4 fields"],
  ["@dialy", {}, "PGQ_SCHEDULE_INVALID", "did you mean @daily?"],
  ["@daily", { timezone: "Nowhere" }, "PGQ_SCHEDULE_INVALID", 'time zone "Nowhere" is not known'],
  ["report", { timezone: "UTC" }, "PGQ_OPTION_INVALID", "timezone stands beside the name"],
  ["report", { count: 0 }, "PGQ_OPTION_INVALID", "count must be a whole number from 1"],
  ["", {}, "PGQ_NAME_INVALID", ""],
])("previews nothing of %j with %j: %s", async (what, options, code, message) => {
  const queue = await installQueue()
  await storeSchedule(queue, "report")
  await expect(queue.queries.previewSchedule(what, options)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

test("lists a schedule that was edited into nonsense, and says so when it is to be previewed", async () => {
  const queue = await installQueue()
  await storeSchedule(queue, "broken", { expression: "every day", nextRun: null })
  expect(await queue.queries.schedules()).toMatchObject([{ expression: "every day", nextExecution: null }])
  await expect(queue.queries.previewSchedule("broken")).rejects.toMatchObject({ code: "PGQ_SCHEDULE_INVALID" })
})

test("refuses what is not the name of a schedule, by that word", async () => {
  const { queries } = await installQueue()
  for (const wrong of ["", "a\0b", "\ud800", "x".repeat(256), 5, null, undefined, {}, [7]] as never[]) {
    const refusal = { code: "PGQ_NAME_INVALID", message: expect.stringContaining("is not the name of a schedule") }
    for (const act of ["pauseSchedules", "resumeSchedules", "triggerSchedules", "removeSchedules"] as const) {
      await expect(queries[act](wrong)).rejects.toMatchObject(refusal)
    }
    await expect(queries.scheduleRuns(wrong)).rejects.toMatchObject(refusal)
    await expect(queries.previewSchedule(wrong)).rejects.toMatchObject(refusal)
  }
  expect(await queries.pauseSchedules([])).toEqual([])
})
