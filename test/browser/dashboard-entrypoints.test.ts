import { AxeBuilder } from "@axe-core/playwright"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { DashboardOptions } from "../../src/dashboard/index.js"
import { hasChromium, launchChromium, openPage, serve } from "../support/chromium.js"
import { makeDashboard } from "../support/dashboard.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const admin: Partial<DashboardOptions> = { authorize: () => ({ name: "ann", role: "admin" }), write: true }

describe.skipIf(!hasChromium)("entrypoints in Chromium", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test("shows ten thousand entrypoints within a second, in a page that stays small, and finds one", async () => {
    const queue = await installQueue()
    await fillEntrypoints(queue, 10_000)
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    // Each time on a dashboard that has read nothing yet. Where the machine is busy, the page of a queue with few entrypoints says how busy.
    const few = await installQueue()
    await few.queries.enqueue("mail")
    const msOf = async (one: TestQueue) => {
      const fresh = await serve(makeDashboard(one, admin))
      return msToShow((await openPage(browser, fresh)).page, `${fresh}/entrypoints`)
    }
    const isQuick = async () => {
      const ms = await msOf(queue)
      return ms < 1_000 || ms < 4 * (await msOf(few))
    }
    await expect.poll(isQuick, { timeout: 45_000, interval: 100 }).toBe(true)
    await page.goto(`${origin}/entrypoints`)
    expect((await page.content()).length).toBeLessThan(300_000)
    expect(await page.locator("tr[data-row]").count()).toBe(50)
    expect(await page.textContent(".pager")).toContain("1 to 50 of 10,000")
    await page.keyboard.press("n")
    await page.waitForURL(/page=2/)
    await page.keyboard.press("/")
    await page.keyboard.type("TENANT-07777")
    await page.keyboard.press("Enter")
    await page.click('a:text-is("tenant-07777")')
    await page.waitForSelector('h1:text-is("tenant-07777")')
    await page.waitForSelector('#live[data-state="live"]')
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id }) => id)).toEqual([])
  }, 90_000)

  test("changes limits in a form that says at the field what does not fit, and keeps what was filled in", async () => {
    const queue = await installQueue()
    await queue.queries.enqueue("mail")
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/entrypoints/mail`)
    await page.click("text=Change limits")
    await page.check('input[name="concurrency"][value="number"]')
    await page.fill('input[name="concurrency-number"]', "many")
    await page.check('input[name="rate"][value="none"]')
    await page.waitForSelector('#live[data-state="live"]')
    await page.click("button.primary")
    await page.waitForSelector(".notice.failed")
    expect(await page.textContent("#concurrency-problem")).toContain("Give a whole number")
    expect(await page.inputValue('input[name="concurrency-number"]')).toBe("many")
    expect(await page.isChecked('input[name="rate"][value="none"]')).toBe(true)
    await page.fill('input[name="concurrency-number"]', "3")
    await page.keyboard.press("Enter")
    await page.waitForSelector("text=0 of 3 in use")
    expect(await queue.queries.limits()).toMatchObject([
      { concurrencyLimit: { set: 3 }, requestsPerSecond: { set: null } },
    ])
  })

  test("asks with a dialog that has a name, whatever the entrypoint's is, and pauses it", async () => {
    const queue = await installQueue()
    const name = `send "mail" <now> & später 📬`
    await queue.queries.enqueue(name)
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    for (const path of ["/entrypoints", `/entrypoints/${encodeURIComponent(name)}`]) {
      await page.goto(origin + path)
      await page.getByRole("button", { name: `Pause ${name}`, exact: true }).click()
      const dialog = page.getByRole("dialog", { name: `Pause ${name}?`, exact: true })
      await dialog.waitFor()
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]!.html}`)).toEqual([])
      await dialog.getByRole("button", { name: "Back" }).click()
    }
    await page.getByRole("button", { name: `Pause ${name}`, exact: true }).click()
    await page.locator("dialog[open] button.primary").click()
    await page.waitForSelector(".notice >> text=is paused")
    expect(await queue.queries.limits()).toMatchObject([{ entrypoint: name, paused: true }])
    await page.getByRole("button", { name: `Resume ${name}`, exact: true }).waitFor()
  })

  test("chooses to set a number by writing one", async () => {
    const queue = await installQueue()
    const origin = await serve(makeDashboard(queue, admin))
    const { page } = await openPage(browser, origin)
    await page.goto(`${origin}/entrypoints/mail/limits`)
    await page.fill('input[name="rate-number"]', "0.5")
    expect(await page.isChecked('input[name="rate"][value="number"]')).toBe(true)
  })
})

/** Milliseconds until the list is on the screen. */
async function msToShow(page: Page, url: string): Promise<number> {
  await page.goto("about:blank")
  const startedAt = performance.now()
  await page.goto(url, { waitUntil: "commit" })
  await page.waitForSelector("tr[data-row]")
  return performance.now() - startedAt
}

async function fillEntrypoints(queue: TestQueue, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `tenant-${String(n).padStart(5, "0")}`)
  await queue.queries.enqueueMany(names.map((entrypoint) => ({ entrypoint })))
  await queue.sql(
    "insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms) select 'host', n, '0.1.0', $1::text[], 60000 from generate_series(1, 3) as n",
    [names],
  )
  await queue.sql("insert into pgqueuer.entrypoint (name, code_concurrency_limit) select unnest($1::text[]), 5", [
    names,
  ])
  await queue.sql(
    `insert into pgqueuer.rollup (span, entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
      run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
    select span, name, case span when 'ever' then 'epoch' else date_trunc(span, now()) end, 10, 1, 0, 0, 0, 0, 0,
      100, array[20, 24]::smallint[], array[9, 2]::bigint[], 50, array[10, 14]::smallint[], array[9, 2]::bigint[]
    from unnest($1::text[]) as name, unnest(array['minute', 'hour', 'day', 'ever']) as span`,
    [names],
  )
}
