import { existsSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { expect, onTestFinished } from "vitest"
import type { Dashboard } from "../../src/dashboard/dashboard.js"
import { nodeHandler } from "../../src/dashboard/index.js"

const executablePath = process.env["PGQUEUER_TEST_CHROMIUM"] ?? "/usr/bin/chromium"

/** Where it is missing, tests in a browser are left out. */
export const hasChromium = existsSync(executablePath)
if (!hasChromium)
  console.warn(`no Chromium at ${executablePath}: tests in a browser are left out (apt-get install chromium)`)

const launchArguments = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: launchArguments })
}

/** A page whose test fails when its console has an error, or anything leaves the dashboard's own address. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: "Europe/Berlin",
    ...options,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:"))
      complaints.push(`asked ${request.url()}`)
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  return { page, context, complaints }
}

/** The dashboard on a port of its own until the test has finished. */
export async function serve(dashboard: Dashboard): Promise<string> {
  const handle = nodeHandler(dashboard)
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
