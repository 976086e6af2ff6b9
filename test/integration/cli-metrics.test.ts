import { createServer } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { environmentOf, pgq, pgqFile, type Started, start, startPgq } from "../support/command-line.js"
import { parseMetrics } from "../support/metrics-text.js"
import { startOwnServer } from "../support/own-server.js"
import { eventually, installQueue } from "../support/queue.js"

test("serves the metrics of a queue until a signal", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("a")
  const exporter = startPgq(["metrics", "--port", "0"], { database })
  const url = await addressOf(exporter)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
  const response = await fetch(url)
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  expect(parseMetrics(await response.text()).get("pgqueuer_jobs")!.samples[0]).toMatchObject({
    labels: { entrypoint: "a", status: "queued" },
    value: 1,
  })
  const open = await fetch(url, { headers: { accept: "application/openmetrics-text; version=1.0.0" } })
  expect(parseMetrics(await open.text(), "openmetrics").has("pgqueuer_up")).toBe(true)
  expect((await fetch(new URL("/", url))).status).toBe(200)
  expect((await fetch(new URL("/metric", url))).status).toBe(404)
  exporter.process.kill("SIGTERM")
  expect(await exporter.finished).toMatchObject({ code: 0, stdout: "" })
})

test("starts while the database is away, says so in time, and goes on when it is back", async () => {
  const { server, pool } = await startOwnServer()
  process.kill(server.pid, "SIGQUIT")
  const exporter = startPgq(["metrics", "--port", "0", "--dsn", server.url, "--timeout", "2s"])
  const url = await addressOf(exporter)
  await eventually(async () => (await up(url)) === 0)
  await server.restart("immediate")
  await eventually(async () => (await up(url)) === 1)
  onTestFinished(() => void process.kill(server.pid, "SIGCONT"))
  await pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgq'")
  process.kill(server.pid, "SIGSTOP")
  const startedAt = performance.now()
  expect(await up(url, { "x-prometheus-scrape-timeout-seconds": "1" })).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  process.kill(server.pid, "SIGCONT")
  await eventually(async () => (await up(url)) === 1)
  exporter.process.kill("SIGINT")
  const { code, stderr } = await exporter.finished
  expect(code).toBe(0)
  expect(stderr).toMatch(/the database did not answer a scrape[\s\S]*the database answers scrapes again/)
}, 90_000)

test("prints the metrics once, and ends with 1 when the database did not answer", async () => {
  const { database } = await installQueue()
  const well = await pgq(["metrics", "--once"], { database })
  expect(parseMetrics(well.stdout).get("pgqueuer_up")!.samples[0]!.value).toBe(1)
  expect([well.code, well.stderr]).toEqual([0, ""])
  const missing = await pgq(["metrics", "--once", "--schema", "nothing_here"], { database })
  expect(missing.code).toBe(1)
  expect(missing.stdout).toContain('pgqueuer_scrape_errors_total{code="PGQ_SCHEMA_MISSING"} 1\n')
  expect(missing.stderr).toContain("Run: pgq install")
})

test("shows as many names as it is told", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue(["a", "b"])
  const { stdout } = await pgq(["metrics", "--once", "--max-names", "1"], { database })
  expect(stdout).toContain('pgqueuer_hidden_names{label="entrypoint"} 1\n')
})

test("ends with an error where the port is taken", async () => {
  const { database } = await installQueue()
  const other = createServer().listen(0, "127.0.0.1")
  onTestFinished(() => void other.close())
  await eventually(() => other.listening)
  const { port } = other.address() as { port: number }
  expect(await pgq(["metrics", "--port", `${port}`], { database })).toEqual({
    code: 1,
    signal: null,
    stdout: "",
    stderr:
      `pgq: port ${port} of 127.0.0.1 is taken (PGQ_PORT_UNAVAILABLE)\n` +
      "  Give --port another port, or end the process that listens there.\n",
  })
})

test.for([
  [["--port", "70000"], "--port is out of range"],
  [["--timeout", "5"], "did you mean 5s?"],
  [["--once", "--port", "0"], "--once listens nowhere"],
  [["--max-names", "many"], "--max-names is not a whole number"],
] as const)("refuses %j", async ([options, text]) => {
  const { code, stderr } = await pgq(["metrics", ...options])
  expect(stderr).toContain(text)
  expect(code).toBe(2)
})

test("gives the line that installs the package when that is missing", async () => {
  const { database } = await installQueue()
  const hook = `export async function resolve(name, context, next) {
    if (name === "prom-client") throw new Error("Cannot find package")
    return next(name, context)
  }`
  const withoutPackage = `import { register } from "node:module"; register(${JSON.stringify(asModule(hook))})`
  const { code, stderr } = await start(["--import", asModule(withoutPackage), pgqFile, "metrics"], {
    environment: environmentOf(database),
  }).finished
  expect(code).toBe(1)
  expect(stderr).toContain("(PGQ_MODULE_INVALID)\n  Install it: npm install prom-client@15\n")
})

async function addressOf(exporter: Started): Promise<string> {
  await exporter.writes("pgq: metrics on http://")
  return /pgq: metrics on (\S+)/.exec(exporter.stderr)![1]!
}

async function up(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers })
  expect(response.status).toBe(200)
  return parseMetrics(await response.text()).get("pgqueuer_up")!.samples[0]!.value
}

function asModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}
