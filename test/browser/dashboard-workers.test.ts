import { AxeBuilder } from "@axe-core/playwright"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { hasChromium, launchChromium, openPage, serve } from "../support/chromium.js"
import { makeDashboard } from "../support/dashboard.js"
import { deferred, installQueue } from "../support/queue.js"

describe.skipIf(!hasChromium)("workers in Chromium", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test.each([1280, 390])("drains a worker after it has asked, %i wide, and shows what becomes of it", async (width) => {
    const queue = await installQueue()
    const work = deferred()
    const { pgq, start } = queue.worker()
    pgq.entrypoint("mail", () => work.promise)
    const { ended } = start()
    await queue.queries.enqueue("mail")
    await expect.poll(async () => (await queue.queries.workers())[0]?.holds, { timeout: 10_000 }).toEqual({ mail: 1 })
    const dashboard = makeDashboard(queue, { authorize: () => ({ name: "ann", role: "admin" }), write: true })
    const origin = await serve(dashboard)
    const { page } = await openPage(browser, origin, { viewport: { width, height: 800 } })
    await page.goto(`${origin}/workers`)
    await page.waitForSelector("#live[data-state=live]")
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]!.html}`)).toEqual([])
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0)
    await page.click("text=Drain")
    await page.waitForSelector("dialog[open] >> text=It takes no more jobs.")
    expect((await queue.queries.workers())[0]).toMatchObject({ state: "running" })
    await page.click("dialog[open] button.primary")
    await page.waitForSelector(".notice >> text=is asked to take no more jobs and to end.")
    await page.waitForSelector(".worker-state.draining")
    work.resolve()
    await ended
    await page.mouse.move(1, 1)
    await page.waitForSelector(".worker-state.stopped")
    expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 1 }])
  })

  test("draws axes of a chart that had no numbers when it was opened", async () => {
    const queue = await installQueue()
    const origin = await serve(makeDashboard(queue, { authorize: () => ({ name: "ann", role: "viewer" }) }))
    const { page } = await openPage(browser, origin)
    await page.goto(origin)
    await page.waitForSelector("#runs.no-data canvas")
    const worker = queue.worker()
    worker.pgq.entrypoint("mail", () => {})
    await queue.queries.enqueue("mail")
    await worker.drain()
    await page.waitForSelector("#runs:not(.no-data) canvas")
  })
})
