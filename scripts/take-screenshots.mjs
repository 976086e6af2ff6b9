// Writes docs/images/*.webp: a picture of every page of the web dashboard, from the data of examples/dashboard-data/fill.ts on an embedded
// PostgreSQL. Build first, and have Chromium: `npm run build && npm run screenshots`.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import pg from "pg"
import { chromium } from "playwright-core"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { createDashboard, nodeHandler } from "../dist/dashboard/index.js"
import { Queries } from "../dist/index.js"

const folder = new URL("../docs/images/", import.meta.url)
const executablePath = process.env.PGQUEUER_TEST_CHROMIUM ?? "/usr/bin/chromium"
const size = { width: 1280, height: 860 }

/** All of them together, in bytes. */
const mostBytes = 1_500_000

const server = await startEmbeddedPostgres()
const pool = new pg.Pool({ connectionString: server.url })
try {
  await fill(server.url)
  const driver = new PgPoolDriver(pool)
  const pages = await pagesOf(new Queries(driver))
  const dashboard = createDashboard(driver, {
    title: "Shop",
    write: true,
    authorize: () => ({ name: "ann", role: "admin" }),
  })
  const http = createServer(nodeHandler(dashboard)).listen(0, "127.0.0.1")
  await once(http, "listening")
  try {
    await takeAll(`http://127.0.0.1:${http.address().port}`, pages)
  } finally {
    await dashboard.close()
    http.close()
    http.closeAllConnections()
  }
} finally {
  await pool.end()
  await server.stop()
}

async function fill(url) {
  const { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, pathname } = new URL(url)
  const env = {
    ...process.env,
    PGHOST,
    PGPORT,
    PGUSER,
    PGPASSWORD,
    PGDATABASE: pathname.slice(1),
    PGQUEUER_SCHEMA: "pgqueuer",
  }
  const jiti = new URL("../node_modules/jiti/lib/jiti-cli.mjs", import.meta.url).pathname
  const script = new URL("../examples/dashboard-data/fill.ts", import.meta.url).pathname
  const [code] = await once(spawn(process.execPath, [jiti, script], { env, stdio: "inherit" }), "close")
  if (code !== 0) throw new Error(`fill.ts ended with ${code}`)
}

/** Light by day, some dark: one theme each. */
async function pagesOf(queries) {
  const [failed] = await queries.jobs({ status: "exception", entrypoint: "webhook.deliver", limit: 1 })
  return [
    { name: "overview", path: "/?last=24h", theme: "light" },
    { name: "overview-dark", path: "/?last=24h", theme: "dark" },
    { name: "jobs", path: "/jobs?status=exception", theme: "light" },
    { name: "job", path: `/jobs/${failed.id}`, theme: "light" },
    { name: "entrypoints", path: "/entrypoints", theme: "light" },
    { name: "entrypoint", path: "/entrypoints/image.resize", theme: "dark" },
    { name: "limits", path: "/entrypoints/image.resize/limits", theme: "light" },
    { name: "failures", path: "/failures", theme: "light" },
    { name: "schedules", path: "/schedules", theme: "light" },
    { name: "workers", path: "/workers", theme: "dark" },
    { name: "database", path: "/database?last=24h", theme: "light" },
    { name: "audit", path: "/audit", theme: "light" },
  ]
}

async function takeAll(origin, pages) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] })
  try {
    let bytes = 0
    for (const page of pages) bytes += await take(browser, origin, page)
    process.stdout.write(`${pages.length} pictures, ${Math.round(bytes / 1_000)} kB\n`)
    if (bytes > mostBytes) throw new Error(`they are larger than ${mostBytes} bytes together`)
  } finally {
    await browser.close()
  }
}

/** WebP, which only the browser's own protocol gives. */
async function take(browser, origin, { name, path, theme }) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  })
  const page = await context.newPage()
  await page.goto(origin + path)
  await page.waitForSelector("#live[data-state=live], #live[data-state=reading]")
  await page.waitForFunction(
    "[...document.querySelectorAll('figure[data-chart]')].every((one) => one.querySelector('canvas'))",
  )
  const height = Math.min(
    name === "jobs" ? size.height : 1_300,
    await page.evaluate("Math.max(540, document.querySelector('main').getBoundingClientRect().bottom + 24)"),
  )
  await page.setViewportSize({ ...size, height: Math.ceil(height) })
  await page.waitForTimeout(300)
  const session = await context.newCDPSession(page)
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 82 })
  const file = new URL(`${name}.webp`, folder)
  writeFileSync(file, Buffer.from(data, "base64"))
  await context.close()
  return statSync(file).size
}
