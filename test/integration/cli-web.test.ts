import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, get } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { pgq, type Started, startPgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"
import { startSwitchedProxy } from "../support/switched-proxy.js"

test("answers on loopback to everybody on this machine, to look at only, and to no other name", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("mail")
  const { url } = await web(["--title", "Shop"], { database })
  const page = await (await fetch(`${url}jobs/${id}`)).text()
  expect(page).toContain("Shop")
  expect(page).not.toContain("Cancel job")
  expect(await statusFor(url, "evil.test")).toBe(421)
  expect((await fetch(`${url}jobs/${id}/cancel`, { method: "POST", body: new URLSearchParams() })).status).toBe(403)
})

test("acts with --write, under a --base-path, and hides what --redact names", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("mail", { user: 7, password: "hunter2" })
  const { url } = await web(["--write", "--base-path", "/queue/", "--redact", "password"], { database })
  expect(url).toMatch(/\/queue\/$/)
  const page = await (await fetch(`${url}jobs/${id}`)).text()
  expect(page).not.toContain("hunter2")
  const body = new URLSearchParams({ token: /name="token" value="([^"]+)"/.exec(page)![1]! })
  const acted = await fetch(`${url}jobs/${id}/cancel`, { method: "POST", body, redirect: "manual" })
  expect([acted.status, acted.headers.get("location")]).toEqual([303, `/queue/jobs/${id}`])
  expect((await queries.job(id!))!.status).toBe("canceled")
})

test("lets those of --auth-file and PGQUEUER_WEB_AUTH log in, each in the role that stands there", async () => {
  const { database } = await installQueue()
  const file = await authFile("# the team\nann:a-long-password\n\nben:another-one viewer\r\n")
  const environment = { PGQUEUER_WEB_AUTH: "cleo:pass:with colon" }
  const { url } = await web(["--auth-file", file], { database, environment })
  expect((await fetch(url, { redirect: "manual" })).headers.get("location")).toBe("/login?to=%2F")
  for (const [name, password, role] of [
    ["ann", "a-long-password", "admin"],
    ["ben", "another-one", "viewer"],
    ["cleo", "pass:with colon", "admin"],
  ] as const) {
    const session = await login(url, name, password)
    const page = await (await fetch(url, { headers: { cookie: session } })).text()
    expect(page).toContain(`title="${name}, ${role}"`)
  }
  await expect(login(url, "ben", "a-long-password")).rejects.toThrow("401")
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` })
  expect((await fetch(url, { headers: basic("ben:another-one") })).status).toBe(200)
  expect((await fetch(url, { headers: basic("ben:wrong"), redirect: "manual" })).status).toBe(303)
})

test("takes the token of PGQUEUER_WEB_TOKEN from scripts, also beyond loopback", async () => {
  const { database } = await installQueue()
  const { url } = await web(["--host", "0.0.0.0"], { database, environment: { PGQUEUER_WEB_TOKEN: "t0ken" } })
  const ask = (authorization: string) =>
    fetch(url.replace("0.0.0.0", "127.0.0.1"), { headers: { authorization }, redirect: "manual" })
  expect((await ask("Bearer t0ken")).status).toBe(200)
  expect((await ask("Bearer wrong")).status).toBe(303)
})

test.each([
  [["--host", "0.0.0.0"], {}, "--host 0.0.0.0 can be reached by others"],
  [["--host", "::"], {}, "--host :: can be reached by others"],
  [["--auth-file", "/nowhere/users"], {}, "--auth-file /nowhere/users cannot be read: ENOENT"],
  [[], { PGQUEUER_WEB_AUTH: "s3cret" }, "PGQUEUER_WEB_AUTH is not of the form name:password"],
  [["--base-path", "queue"], {}, "basePath"],
  [["--base-path", "/queue?x"], {}, "basePath"],
  [["--port", "70000"], {}, "--port is out of range"],
  [["--prot", "1"], {}, "did you mean --port"],
] as const)("refuses %j with %j, with exit code 2 and no secret in the words", async (args, environment, message) => {
  const { code, stdout, stderr } = await pgq(["web", "--port", "0", ...args], { environment })
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining(message) })
  expect(stderr).not.toContain("s3cret")
})

test.each([
  ["", "names nobody"],
  ["# nobody\n", "names nobody"],
  ["ann:s3cret\nben\n", "line 2 of"],
  ["ann:s3cret boss\n", "line 1 of"],
  ["ann s3cret\n", "line 1 of"],
])("refuses the auth file %j and says where, without what is in it", async (text, message) => {
  const { code, stderr } = await pgq(["web", "--port", "0", "--auth-file", await authFile(text)])
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
  expect(stderr).not.toContain("s3cret")
})

test("says when its port is taken", async () => {
  const { database } = await installQueue()
  const other = createServer().listen(0, "127.0.0.1")
  onTestFinished(() => void other.close())
  const { port } = await new Promise<AddressInfo>((resolve) =>
    other.once("listening", () => resolve(other.address() as AddressInfo)),
  )
  const { code, stderr } = await pgq(["web", "--port", String(port)], { database })
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`port ${port} of 127.0.0.1 is taken`) })
})

test("starts while the database is away, says so on its pages, and shows them when it is there", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("mail")
  const proxy = await startSwitchedProxy(database.url)
  proxy.switch("closed")
  const environment = { DATABASE_URL: proxy.url, PGQUEUER_SCHEMA: database.schema }
  const { url, started } = await web([], { environment })
  const away = await fetch(`${url}jobs`)
  expect(away.status).toBe(503)
  expect(await away.text()).toContain("The database cannot be reached")
  proxy.switch("open")
  await expect.poll(async () => (await fetch(`${url}jobs`)).status, { timeout: 10_000 }).toBe(200)
  started.process.kill("SIGTERM")
  expect((await started.finished).code).toBe(0)
})

test("ends at once with SIGTERM, although somebody watches", async () => {
  const { database } = await installQueue()
  const { url, started } = await web([], { database })
  const live = await fetch(`${url}live?of=/`)
  const reader = live.body!.getReader()
  await reader.read()
  const before = performance.now()
  started.process.kill("SIGTERM")
  expect((await started.finished).code).toBe(0)
  expect(performance.now() - before).toBeLessThan(3_000)
  await reader.read().catch(() => {})
})

async function web(
  args: readonly string[],
  options: Parameters<typeof startPgq>[1],
): Promise<{ readonly url: string; readonly started: Started }> {
  const started = startPgq(["web", "--port", "0", ...args], options)
  await started.writes("Ctrl-C stops")
  return { url: started.stdout.trim(), started }
}

/** The status for a request that names the host so. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => resolve(response.resume().statusCode)).on("error", reject)
  })
}

async function login(url: string, name: string, password: string): Promise<string> {
  const page = await (await fetch(`${url}login`)).text()
  const token = /name="token" value="([^"]+)"/.exec(page)![1]!
  const body = new URLSearchParams({ token, name, password, to: "/" })
  const response = await fetch(`${url}login`, { method: "POST", body, redirect: "manual" })
  if (response.status !== 303) throw new Error(`${response.status}`)
  return response.headers.getSetCookie()[0]!.split(";")[0]!
}

async function authFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pgqueuer-web-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, "users")
  await writeFile(file, text, { mode: 0o600 })
  return file
}
