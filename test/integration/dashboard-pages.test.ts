import { expect, test } from "vitest"
import { formToken, installDashboard } from "../support/dashboard.js"

const hostile = `<img src=x onerror="alert(1)">`

test("shows entrypoints with their jobs and settings, and pauses them", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  await queue.queries.enqueue(["mail", "mail", hostile])
  await queue.queries.setLimits("mail", { concurrencyLimit: 3 })
  const page = await (await ask("/entrypoints", { as: "admin" })).text()
  expect(page).toContain('title="0 of 3 at once (by hand)">0 of 3<')
  expect(page).not.toContain(hostile)
  const token = await formToken(ask, "/entrypoints", { as: "admin" })
  await ask("/entrypoints/mail/pause", { as: "admin", method: "POST", form: { token } })
  expect((await queue.queries.limits()).find(({ entrypoint }) => entrypoint === "mail")).toMatchObject({ paused: true })
  expect(await (await ask("/entrypoints", { as: "admin" })).text()).toContain("paused, 0 of 3<")
  expect(await (await ask("/audit", { as: "viewer" })).text()).toContain("pause entrypoint")
})

test("shows the first of a thousand findings, and how many more there are", async () => {
  const { ask, queue } = await installDashboard()
  await queue.queries.enqueueMany(Array.from({ length: 1_000 }, (_, n) => ({ entrypoint: `tenant-${n}` })))
  const page = await (await ask("/database")).text()
  expect(page).toMatch(/\d+ more: <code>pgq doctor<\/code>/)
  expect(page.length).toBeLessThan(60_000)
})

test("shows failures with the same error together", async () => {
  const { ask, queue } = await installDashboard()
  await queue.queries.enqueueMany(Array.from({ length: 3 }, () => ({ entrypoint: "mail" })))
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("mail", (job) => {
    throw new Error(`order ${job.id} is gone ${hostile}`)
  })
  await drain()
  const page = await (await ask("/failures")).text()
  expect(page).toContain("order # is gone")
  expect(page).not.toContain(hostile)
})

test("shows schedules with their times and runs, and pauses, resumes and triggers them", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  const name = "nightly report/ø"
  const { pgq, start } = queue.worker()
  pgq.schedule(name, "0 3 * * *", () => {}, { timezone: "Europe/Oslo" })
  const { stop } = start()
  await expect.poll(async () => (await queue.queries.schedules()).length, { timeout: 10_000 }).toBe(1)
  const path = `/schedules/${encodeURIComponent(name)}`
  const page = await (await ask(path, { as: "operator" })).text()
  expect(page).toContain("Europe/Oslo")
  const token = await formToken(ask, path, { as: "operator" })
  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    await ask(`${path}/${verb}`, { as: "operator", method: "POST", form: { token } })
    expect(await queue.queries.schedules()).toMatchObject([{ name, paused }])
  }
  await ask(`${path}/trigger`, { as: "operator", method: "POST", form: { token } })
  await expect.poll(async () => (await queue.queries.scheduleRuns(name)).length, { timeout: 10_000 }).toBe(1)
  expect((await ask("/schedules/none")).status).toBe(404)
  await stop()
})

test("shows workers as they are, and what the doctor finds", async () => {
  const { ask, queue } = await installDashboard()
  expect(await (await ask("/workers")).text()).toContain("No worker runs")
  const { pgq, start } = queue.worker()
  pgq.entrypoint(hostile, () => {})
  start()
  await expect
    .poll(async () => (await (await ask("/workers")).text()).includes("running"), { timeout: 10_000 })
    .toBe(true)
  expect(await (await ask("/workers")).text()).not.toContain(hostile)
  expect(await (await ask("/database")).text()).toContain("Transaction ids in use")
})
