import { once } from "node:events"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import { expect, onTestFinished, test } from "vitest"
import { metricCatalog } from "../../src/adapters/telemetry/metric-catalog.js"
import { prometheusName } from "../../src/adapters/telemetry/prometheus-names.js"
import { resolveWorkerOptions, workerOptionChecks } from "../../src/app/worker/worker-options.js"
import { pgqFile, repository, type Started, start, startPgq } from "../support/command-line.js"
import type { TestDatabase } from "../support/database.js"
import { installQueue } from "../support/queue.js"

const guides = ["README.md", ...filesUnder("docs/guide", /\.md$/)]
const pages = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "README.md", ...filesUnder("docs", /\.md$/)]
const snippets = filesUnder("docs/snippets", /\.ts$/)
const sources = [...snippets, ...filesUnder("examples", /\.ts$/)]

test.each(guides)("quotes in %s only code that is run or compiled", (page) => {
  const known = sources.map((file) => squeezed(read(file)))
  const invented = blocksOf(page, "ts").filter((block) => !known.some((source) => quotes(source, block)))
  expect(invented).toEqual([])
})

test.each(["sql", "python"])("quotes in the guide to the SQL functions only %s that is run", (language) => {
  const known = filesUnder("docs/snippets", /\.(sql|py)$/).map((file) => squeezed(read(file)))
  const blocks = blocksOf("docs/guide/sql-producer.md", language)
  expect(blocks.length).toBeGreaterThan(1)
  expect(
    blocks.filter((block) => !block.split("\n\n").every((part) => known.some((source) => quotes(source, part)))),
  ).toEqual([])
})

test("notices code that nobody runs", () => {
  const source = squeezed("const a = 1\nconst b = 2\nconst c = 3\n")
  expect(quotes(source, "// file.ts\nconst a =\n  1\n…\nconst c = 3")).toBe(true)
  expect(quotes(source, "const c = 3\n…\nconst a = 1")).toBe(false)
  expect(quotes(source, "const a = 2")).toBe(false)
})

test("compiles every snippet, as strictly as the code itself", () => {
  const { config } = ts.readConfigFile(join(repository, "tsconfig.json"), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository)
  const paths = { ...options.paths, "pgqueuer/pglite": ["./src/adapters/drivers/pglite.ts"] }
  const program = ts.createProgram(
    snippets.map((file) => join(repository, file)),
    { ...options, paths, noUnusedLocals: false },
  )
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = file === undefined ? "" : `${relative(repository, file.fileName)}:${lineOf(file, start ?? 0)} `
    return place + ts.flattenDiagnosticMessageText(messageText, " ")
  })
  expect(problems).toEqual([])
}, 60_000)

test.each([
  "enqueue.ts",
  "operate.ts",
  "doctor.ts",
  "drivers-pg.ts",
  "drivers-postgres-js.ts",
  "drivers-pglite.ts",
  "drivers-sync.ts",
])(
  "runs docs/snippets/%s",
  async (file) => {
    const { database } = await installQueue()
    expect(await script(`docs/snippets/${file}`, database).finished).toMatchObject({ code: 0, stderr: "" })
  },
  60_000,
)

test("runs docs/snippets/worker.ts", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("report")
  const worker = startPgq(["run", "docs/snippets/worker.ts:main", "--mode", "drain"], { database })
  expect((await worker.finished).code).toBe(0)
  expect(await endsOf(queries)).toEqual(["mail successful", "report successful"])
})

test("runs docs/snippets/tracking.ts: waits for ends, and ends", async () => {
  const { database, queries } = await installQueue()
  const { code, stderr } = await script("docs/snippets/tracking.ts", database).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect((await queries.jobs()).map(({ result, progress }) => ({ result, progress }))).toEqual([
    { result: { imported: 1 }, progress: { done: 0, of: 1 } },
    { result: { imported: 0 }, progress: undefined },
    { result: { imported: 2 }, progress: { done: 1, of: 2 } },
  ])
})

test("runs docs/snippets/tracing-opentelemetry.ts: a request and two jobs in one trace", async () => {
  const { database } = await installQueue()
  const { code, stdout, stderr } = await script("docs/snippets/tracing-opentelemetry.ts", database).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  const all = (pattern: RegExp) => [...stdout.matchAll(pattern)].map((match) => match[1])
  // A job can end before the call that enqueued it has returned.
  expect(all(/^ {2}name: '(.*)'/gm).sort()).toEqual([
    "GET /order",
    "enqueue mail",
    "enqueue order",
    "process mail",
    "process order",
  ])
  expect(new Set(all(/^ {2}traceId: '(.*)'/gm)).size).toBe(1)
})

test("runs docs/snippets/tracing-sentry.ts: queue spans and the error arrive at Sentry's address", async () => {
  const { database } = await installQueue()
  const received: string[] = []
  const sentry = createServer(async (request, response) => {
    for await (const chunk of request) received.push(String(chunk))
    response.end("{}")
  })
  sentry.listen(0, "127.0.0.1")
  onTestFinished(() => void sentry.close())
  await once(sentry, "listening")
  const dsn = `http://key@127.0.0.1:${(sentry.address() as AddressInfo).port}/1`
  expect((await script("docs/snippets/tracing-sentry.ts", database, { SENTRY_DSN: dsn }).finished).code).toBe(0)
  for (const part of ["queue.publish", "queue.process", "sold out"]) expect(received.join("")).toContain(part)
}, 60_000)

test("runs docs/snippets/tracing-logfire.ts: the job is in the trace of the request", async () => {
  const { database, queries } = await installQueue()
  const { code, stderr } = await compiled("docs/snippets/tracing-logfire.ts", database).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect(await queries.jobs()).toMatchObject([
    { status: "successful", headers: { traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) } },
  ])
}, 60_000)

test("runs docs/snippets/own-process.ts: until the signal, then until nothing is left", async () => {
  const { database, queries } = await installQueue()
  const worker = script("docs/snippets/own-process.ts", database, { PGQUEUER_LOG_LEVEL: "info" })
  await worker.writes("worker started")
  worker.process.kill("SIGTERM")
  await queries.enqueue("fetch")
  expect((await worker.finished).code).toBe(0)
  expect(await endsOf(queries)).toEqual(["fetch successful"])
})

test("runs docs/snippets/health.ts", async () => {
  const { database } = await installQueue()
  const { code, stderr } = await script("docs/snippets/health.ts", database, { PORT: "0" }).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "not ready: starting\n" })
})

test("runs docs/snippets/metrics.ts: the application's metrics and ours from one endpoint", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue(["mail", "mail"])
  const { code, stdout, stderr } = await script("docs/snippets/metrics.ts", database, { PORT: "0" }).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect(stdout).toContain("shop_mails_total 2\n")
  expect(stdout).toContain('pgqueuer_job_ends_total{entrypoint="mail",status="successful"} 2\n')
  expect(stdout).toContain("process_cpu_seconds_total")
})

test("runs docs/snippets/metrics-opentelemetry.ts: exports what the queue and the worker did", async () => {
  const { database } = await installQueue()
  const { code, stdout, stderr } = await script("docs/snippets/metrics-opentelemetry.ts", database).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  for (const name of ["pgqueuer.job.ends", "messaging.process.duration"]) expect(stdout).toContain(`name: '${name}'`)
})

test("runs docs/snippets/retries.ts: again after a pause, the error kept", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("fetch", "http://127.0.0.1:1/")
  const worker = startPgq(["run", "docs/snippets/retries.ts:main", "--mode", "drain"], { database })
  expect((await worker.finished).code).toBe(0)
  expect(await queries.job(id!)).toMatchObject({ status: "deferred", attempt: 2 })
  expect(await queries.failures(id!)).toMatchObject([
    { attempt: 1, error: expect.stringMatching(/^RetryRequested: TypeError: fetch failed/) },
  ])
})

test("runs docs/snippets/executors.ts: results, a circuit breaker, and a thread", async () => {
  const { database, queries } = await installQueue()
  const [mail, thumbnail] = await queries.enqueue(["mail", "thumbnail"], ["a@example.com", [1, 2, 6]])
  const charges = await queries.enqueueMany(Array.from({ length: 5 }, () => ({ entrypoint: "charge" })))
  const worker = startPgq(
    ["run", "docs/snippets/executors.ts:main", "--mode", "drain", "--max-concurrent-tasks", "1"],
    {
      database,
    },
  )
  expect((await worker.finished).code).toBe(0)
  expect(await queries.job(mail!)).toMatchObject({ status: "successful", result: { accepted: ["a@example.com"] } })
  expect(await queries.job(thumbnail!)).toMatchObject({ status: "successful", result: { attempt: 1, mean: 3 } })
  const statuses = await Promise.all(charges.map(async (id) => (await queries.job(id))!.status))
  expect(statuses).toEqual(["exception", "exception", "exception", "deferred", "deferred"])
})

test.each([
  ["pg", 0],
  ["postgres", 1],
])("gives ten lines that work as written in a folder with %s", async (client, variant) => {
  const folder = mkdtempSync(join(tmpdir(), "pgqueuer-readme-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, "package.json"), "{}")
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(repository, join(folder, "node_modules/pgqueuer"))
  symlinkSync(join(repository, "node_modules", client), join(folder, "node_modules", client))
  for (const name of ["consumer.ts", "producer.mjs"]) writeFileSync(join(folder, name), namedBlocks(name)[variant]!)
  const { database, queries } = await installQueue()
  const options = { database, folder }
  expect(await start(["producer.mjs"], options).finished).toMatchObject({ code: 0, stderr: "" })
  expect((await start([pgqFile, "queue", "fetch", '{"user": 8}'], options).finished).code).toBe(0)
  const worker = start([pgqFile, "run", "./consumer.ts:main"], options)
  for (const user of [7, 8]) await worker.writes(`fetched {"user":${user}}\n`)
  worker.process.kill("SIGINT")
  expect((await worker.finished).code).toBe(0)
  expect(await endsOf(queries)).toEqual(["fetch successful"])
})

test("lists every code of errors, and no other", () => {
  const [, union] = /export type ErrorCode =([\s\S]*?)\n\n/.exec(read("src/domain/errors.ts")) ?? []
  const codes = [...union!.matchAll(/"(PGQ_\w+)"/g)].map((match) => match[1]!)
  const listed = [...read("docs/reference/errors.md").matchAll(/^\| `(PGQ_\w+)`/gm)].map((match) => match[1]!)
  expect(codes.length).toBeGreaterThan(20)
  expect([...listed].sort()).toEqual([...codes].sort())
})

test("lists every option of a worker with its default", () => {
  const resolved: Readonly<Record<string, number | boolean>> = { ...resolveWorkerOptions({}) }
  const rows = new Map(
    [...read("docs/guide/core.md").matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map((match) => [match[1]!, match[2]!]),
  )
  for (const option of Object.keys(workerOptionChecks)) {
    const milliseconds = resolved[`${option}Ms`]
    const value =
      milliseconds === undefined ? resolved[option]!.toLocaleString("en") : `${Number(milliseconds) / 1_000} s`
    expect(rows.get(option), option).toBe(value)
  }
})

test("lists every metric with its type, its labels and its help", () => {
  const listed = [...read("docs/guide/metrics.md").matchAll(/^\| `(pgqueuer_\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)]
  const rows = listed.map(([, name, type, labels, help]) => [name, type, labels, help!.replaceAll("`", "")])
  const wanted = metricCatalog.map((definition) => {
    const labels = definition.labels.map((label) => `\`${label}\``).join(", ")
    return [prometheusName(definition), definition.kind, labels, definition.help]
  })
  expect(rows).toEqual(wanted)
})

test("asks in the guide to metrics only for metrics that there are", () => {
  const asked = metricsAskedFor(read("docs/guide/metrics.md"))
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.filter((name) => !knownSeries().has(name))).toEqual([])
})

test("asks in the dashboard and in the alert rules only for metrics that there are", () => {
  const dashboard = JSON.parse(read("docs/metrics/grafana-dashboard.json")) as {
    panels: { title: string; targets?: { expr: string }[] }[]
  }
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const rules = read("docs/metrics/alerts.yml")
  const asked = new Set(metricsAskedFor([...expressions, rules].join("\n")))
  expect([...asked].filter((name) => !knownSeries().has(name))).toEqual([])
  for (const expression of expressions) expect(areBalanced(expression), expression).toBe(true)
  const labels = new Set([...metricCatalog.flatMap((definition) => definition.labels), "le"])
  const used = [...expressions.join("\n").matchAll(/(?:by|on|without) \(([\w, ]*)\)/g)].flatMap(([, list]) =>
    list!.split(", ").filter(Boolean),
  )
  expect(used.filter((label) => !labels.has(label))).toEqual([])
  const explained = [...read("docs/guide/metrics.md").matchAll(/^\| `(PgQueuer\w+)` \|/gm)].map((match) => match[1])
  expect([...rules.matchAll(/- alert: (\w+)/g)].map((match) => match[1])).toEqual(explained)
})

test("links to files and headings that are there", () => {
  expect(pages.flatMap((page) => brokenLinks(page).map((link) => `${page}: ${link}`))).toEqual([])
})

test("names files that are there", () => {
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|sql|test|examples|docs|scripts|benchmarks)\/[\w./-]+)`/g)].map((match) => ({
      page,
      path: match[1]!,
    })),
  )
  expect(named.length).toBeGreaterThan(50)
  expect(named.filter(({ path }) => !existsSync(join(repository, path)))).toEqual([])
})

/** All names of our metrics in a text. */
function metricsAskedFor(text: string): string[] {
  return [...text.matchAll(/\bpgqueuer_\w+/g)].map(([name]) => name)
}

function areBalanced(expression: string): boolean {
  const outside = expression.replace(/"[^"]*"/g, "")
  const open: string[] = []
  for (const [character] of outside.matchAll(/[(){}[\]]/g)) {
    if ("([{".includes(character)) open.push(character)
    else if ("([{".indexOf(open.pop() ?? "?") !== ")]}".indexOf(character)) return false
  }
  return open.length === 0
}

/** The names of all series that a scrape can have. */
function knownSeries(): Set<string> {
  const suffixes = { gauge: [""], counter: [""], histogram: ["", "_bucket", "_sum", "_count"] }
  return new Set(
    metricCatalog.flatMap((definition) =>
      suffixes[definition.kind].map((suffix) => prometheusName(definition) + suffix),
    ),
  )
}

function brokenLinks(page: string): string[] {
  return [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap((match) => {
    const target = match[1] === "" ? page : join(dirname(page), match[1]!)
    if (!existsSync(join(repository, target))) return [match[0]]
    return match[2] === undefined || anchorsOf(target).includes(match[2]) ? [] : [match[0]]
  })
}

function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => pattern.test(file))
    .map((file) => join(folder, file))
    .sort()
}

function read(file: string): string {
  return readFileSync(join(repository, file), "utf8")
}

/** The fenced blocks of one language. */
function blocksOf(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1]!,
  )
}

/** The README's blocks that begin with the name of a file. */
function namedBlocks(name: string): string[] {
  return blocksOf("README.md", "ts").filter((block) => block.startsWith(`// ${name}\n`))
}

/** Whether the source holds the block; `…` stands for what the block leaves out, a first line may name a file. */
function quotes(source: string, block: string): boolean {
  let from = 0
  return block
    .replace(/^\/\/ [\w.-]+\.m?ts\n|^\/\/ [\w.-]+\.mjs\n/, "")
    .split("…")
    .map(squeezed)
    .every((part) => {
      const found = source.indexOf(part, from)
      from = found + part.length
      return found !== -1
    })
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, "")
}

function lineOf(file: ts.SourceFile, position: number): number {
  return file.getLineAndCharacterOfPosition(position).line + 1
}

/** The anchors that headings have where Markdown is shown: lower case, without punctuation, with dashes. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  )
}

/** A snippet as it is run: by Node with TypeScript switched on. */
function script(file: string, database: TestDatabase, environment: Readonly<Record<string, string>> = {}): Started {
  return start(["--import", "jiti/register", join(repository, file)], { database, environment })
}

/** For what cannot be loaded through the hooks of jiti on Node 20: packages in CommonJS whose parts require each other. */
function compiled(file: string, database: TestDatabase): Started {
  const folder = mkdtempSync(join(tmpdir(), "pgqueuer-snippet-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, "package.json"), "{}")
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(repository, join(folder, "node_modules/pgqueuer"))
  for (const name of ["pg", "@pydantic"])
    symlinkSync(join(repository, "node_modules", name), join(folder, "node_modules", name))
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  writeFileSync(join(folder, "main.mjs"), ts.transpileModule(read(file), { compilerOptions }).outputText)
  return start(["main.mjs"], { database, folder })
}

async function endsOf(queries: { statistics(): Promise<readonly { entrypoint: string; status: string }[]> }) {
  return (await queries.statistics()).map(({ entrypoint, status }) => `${entrypoint} ${status}`)
}
