import { AxeBuilder } from "@axe-core/playwright"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { DashboardOptions } from "../../src/dashboard/index.js"
import { hasChromium, launchChromium, openPage, serve } from "../support/chromium.js"
import { makeDashboard } from "../support/dashboard.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const admin: Partial<DashboardOptions> = { authorize: () => ({ name: "ann", role: "admin" }), write: true }

describe.skipIf(!hasChromium)("in Chromium", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
    ["dark", 390],
  ] as const)(
    "shows every page in %s, %i wide: accessible, within its policy, no wider than the window",
    async (colorScheme, width) => {
      const queue = await installQueue()
      const { failed, done } = await someJobs(queue)
      const origin = await serve(makeDashboard(queue, admin))
      const { page } = await openPage(browser, origin, { colorScheme, viewport: { width, height: 800 } })
      for (const path of [
        "/",
        "/jobs",
        "/jobs?status=failed",
        `/jobs/${failed}`,
        `/jobs/${done}`,
        "/jobs?entrypoint=none",
        "/entrypoints",
        "/entrypoints?search=e",
        "/entrypoints/sync",
        "/entrypoints/sync/limits?concurrency=number&concurrency-number=x&rate=none",
        "/failures",
        "/schedules",
        "/workers",
        "/database",
        "/audit",
      ]) {
        await page.goto(origin + path)
        await page.waitForSelector("#live[data-state=live], #live[data-state=reading]")
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => `${path}: ${id} ${nodes[0]!.html}`)).toEqual([])
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0)
      }
    },
    120_000,
  )

  test("shows what has changed without being reloaded, but not while somebody reads", async () => {
    const queue = await installQueue()
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/jobs`)
    await page.waitForSelector("text=No such job")
    const [first] = await queue.queries.enqueue("fetch", { user: 1 })
    await page.waitForSelector(`a:text-is("${first}")`)
    await page.hover(`a:text-is("${first}")`)
    const [second] = await queue.queries.enqueue("fetch", { user: 2 })
    await page.waitForSelector("#live[data-state=reading]")
    expect(await page.locator(`a:text-is("${second}")`).count()).toBe(0)
    await page.mouse.move(1, 1)
    await page.waitForSelector(`a:text-is("${second}")`)
  })

  test("asks before it cancels a job, and says what it has done", async () => {
    const queue = await installQueue()
    const [id] = await queue.queries.enqueue("fetch")
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/jobs/${id}`)
    await page.click("text=Cancel")
    await page.waitForSelector(`dialog[open] >> text=Cancel job ${id}?`)
    expect((await queue.queries.job(id!))!.status).toBe("queued")
    await page.click("dialog[open] button.primary")
    await page.waitForSelector(`.notice >> text=Job ${id} is canceled.`)
    expect((await queue.queries.job(id!))!.status).toBe("canceled")
  })

  test("shows hostile payloads, errors and names as the text that they are", async () => {
    const queue = await installQueue()
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
    const [id] = await queue.queries.enqueue(evil, { [evil]: evil }, { headers: { [evil]: evil } })
    const worker = queue.worker()
    worker.pgq.entrypoint(evil, () => {
      throw new Error(evil)
    })
    await worker.drain()
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    page.on("dialog", () => expect.unreachable("a script of a payload ran"))
    for (const path of ["/", "/jobs", `/jobs/${id}`, `/jobs?entrypoint=${encodeURIComponent(evil)}`]) {
      await page.goto(origin + path)
      await page.waitForSelector("#live[data-state=live], #live[data-state=reading]")
      expect(await page.locator("img, script:not([src])").count()).toBe(0)
      expect(await page.textContent("main")).toContain("<script>alert(1)</script>")
    }
  })
})

async function someJobs(queue: TestQueue): Promise<{ readonly failed: string; readonly done: string }> {
  const worker = queue.worker()
  worker.pgq.entrypoint("fetch", (_, { log }) => {
    log.info("fetched", { bytes: 12 })
    return { ok: true }
  })
  worker.pgq.entrypoint(
    "sync",
    () => {
      throw new Error("no such account")
    },
    { onFailure: "hold" },
  )
  const [done, failed] = await queue.queries.enqueue(["fetch", "sync"], [{ user: 7, url: "https://example.com" }, 1])
  await worker.drain()
  await queue.queries.enqueueMany(Array.from({ length: 60 }, (_, n) => ({ entrypoint: "fetch", payload: { n } })))
  await queue.queries.enqueue("fetch", Buffer.from("bytes"), { executeAfter: "1h" })
  return { done: done!, failed: failed! }
}
