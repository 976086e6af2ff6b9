import { AxeBuilder } from "@axe-core/playwright"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { DashboardOptions } from "../../src/dashboard/index.js"
import { hasChromium, launchChromium, openPage, serve } from "../support/chromium.js"
import { makeDashboard } from "../support/dashboard.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

const operator: Partial<DashboardOptions> = { authorize: () => ({ name: "ann", role: "operator" }), write: true }

describe.skipIf(!hasChromium)("in Chromium, all jobs of a filter", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test("are canceled after a page has asked, go on without the browser, and are told of when it comes back", async () => {
    const queue = await installQueue()
    await queue.queries.enqueueMany(Array.from({ length: 8_000 }, (_, n) => ({ entrypoint: "fetch", payload: { n } })))
    await queue.queries.enqueue("mail", 1)
    const origin = await serve(makeDashboard(queue, operator))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/jobs?entrypoint=fetch`)
    await page.click(".bulk-bar >> text=Cancel…")
    await page.waitForSelector('h1 >> text="Cancel 8,000 jobs?"')
    expect(await page.locator("tr[data-row]").count()).toBe(10)
    await isSound(page)
    expect(await queue.queries.jobs({ status: "canceled" })).toEqual([])
    await page.click("form.confirm button")
    await page.waitForSelector("text=of 8,000 jobs")
    await isSound(page)
    const address = page.url()
    await page.goto("about:blank")
    await eventually(async () => (await queue.queries.statistics()).some(({ count }) => count === 8_000))
    await page.goto(address)
    await page.waitForSelector("text=8,000 of 8,000 jobs")
    await isSound(page)
    expect((await queue.queries.jobs({ status: "queued" })).map(({ entrypoint }) => entrypoint)).toEqual(["mail"])
  })

  test("are told of while it goes on, without a reload, until somebody stops it", async () => {
    const queue = await installQueue()
    await queue.queries.enqueueMany(Array.from({ length: 10_000 }, (_, n) => ({ entrypoint: "fetch", payload: { n } })))
    const gate = { open: () => {}, passed: 0 }
    const { driver } = queue
    const slow = {
      ...{ label: driver.label, features: driver.features },
      query: driver.query.bind(driver),
      session: driver.session.bind(driver),
      listen: driver.listen.bind(driver),
      async transaction<T>(work: Parameters<typeof driver.transaction<T>>[0]): Promise<T> {
        if (++gate.passed > 2)
          await new Promise<void>((resolve) => {
            gate.open = resolve
          })
        return driver.transaction(work)
      },
    }
    const origin = await serve(makeDashboard(queue, operator, slow))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/bulk?action=delete`)
    await page.click("form.confirm button")
    await page.waitForSelector("text=2,000 of 10,000 jobs")
    gate.open()
    await page.waitForSelector("text=3,000 of 10,000 jobs")
    await page.click(".bulk >> text=Stop")
    await page.click("dialog[open] button.primary")
    await page.waitForSelector(".notice >> text=It stops after the jobs that it is at.")
    gate.open()
    await page.waitForSelector("text=Stopped before its end")
    await page.waitForSelector("text=4,000 of 10,000 jobs")
    expect((await queue.queries.jobs({ status: "queued", limit: 10_000 })).length).toBe(6_000)
  })

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)(
    "that failed in the same way are requeued from the page of failures, in %s, %i wide",
    async (colorScheme, width) => {
      const queue = await installQueue()
      await hold(queue, 30)
      const origin = await serve(makeDashboard(queue, operator))
      const { page } = await openPage(browser, origin, { colorScheme, viewport: { width, height: 800 } })
      await page.goto(`${origin}/failures`)
      await page.waitForSelector('tr[data-row]:nth-child(1) >> text="Error: no account #"')
      await isSound(page)
      await page.click("tr[data-row]:nth-child(1) >> text=Requeue…")
      await page.waitForSelector('h1 >> text="Requeue 20 jobs?"')
      await isSound(page)
      await page.click("form.confirm button")
      await page.waitForSelector("text=20 of 20 jobs")
      await isSound(page)
      const held = await queue.queries.jobs({ status: "failed" })
      expect(held.map(({ error }) => error!.replace(/\d+/, "#"))).toEqual(Array(10).fill("Error: account # is closed"))
    },
  )
})

/** Held jobs with two kinds of errors. */
async function hold(queue: TestQueue, count: number): Promise<void> {
  await queue.queries.enqueueMany(Array.from({ length: count }, (_, n) => ({ entrypoint: "sync", payload: n })))
  const worker = queue.worker()
  worker.pgq.entrypoint(
    "sync",
    ({ payload }) => {
      throw new Error(Number(payload) % 3 === 0 ? `account ${payload} is closed` : `no account ${payload}`)
    },
    { onFailure: "hold" },
  )
  await worker.drain()
}

/** Accessible, and no wider than the window. */
async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]!.html}`)).toEqual([])
  expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0)
}
