import { expect, test } from "vitest"
import { createDashboard, credentialsOf } from "../../src/dashboard/index.js"
import { asker, formToken, installDashboard } from "../support/dashboard.js"

const credentials = credentialsOf({
  users: [
    { name: "ann", password: "a secret: with colon" },
    { name: "ben", password: "another", role: "viewer" },
  ],
  token: "t0ken",
})

test("asks for name and password, and leads back to the page that was asked for", async () => {
  const { ask } = await installDashboard({ credentials })
  const sent = await ask("/jobs?status=failed", { as: "nobody" })
  expect([sent.status, sent.headers.get("location")]).toEqual([303, "/login?to=%2Fjobs%3Fstatus%3Dfailed"])
  const token = await formToken(ask, "/login", { as: "nobody" })
  const form = { token, name: "ann", password: "a secret: with colon", to: "/jobs?status=failed" }
  const entered = await ask("/login", { as: "nobody", form, headers: { "x-forwarded-proto": "https" } })
  expect([entered.status, entered.headers.get("location")]).toEqual([303, "/jobs?status=failed"])
  const [cookie] = entered.headers.getSetCookie()
  expect(cookie).toMatch(/^pgq_session=.*; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/)
  const session = { as: "nobody" as const, headers: { cookie: cookie!.split(";")[0]! } }
  expect((await ask("/jobs", session)).status).toBe(200)
  const logout = await ask("/logout", { ...session, form: { token: await formToken(ask, "/jobs", session) } })
  expect(logout.headers.getSetCookie()[0]).toMatch(/^pgq_session=; .*Max-Age=0/)
  expect((await ask("/jobs", session)).status).toBe(303)
})

test.each(["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)"])(
  "leads nobody to %s after the login",
  async (to) => {
    const { ask } = await installDashboard({ credentials })
    const token = await formToken(ask, "/login", { as: "nobody" })
    const entered = await ask("/login", { as: "nobody", form: { token, name: "", password: "t0ken", to } })
    expect([entered.status, entered.headers.get("location")]).toEqual([303, "/"])
  },
)

test("lets scripts in by token or name and password in a header, and counts wrong ones", async () => {
  const { dashboard } = await installDashboard({ credentials })
  const status = async (authorization: string, address = "10.0.0.1") =>
    (await dashboard(new Request("http://queue.test/jobs", { headers: { authorization } }), { address })).status
  expect(await status("Bearer t0ken")).toBe(200)
  expect(await status(`Basic ${btoa("ann:a secret: with colon")}`)).toBe(200)
  for (let count = 0; count < 10; count++) expect(await status("Bearer wrong")).toBe(303)
  expect(await status("Bearer t0ken")).toBe(303)
  expect(await status("Bearer t0ken", "10.0.0.2")).toBe(200)
})

test("takes no login after ten wrong ones, and says when to come back", async () => {
  const { ask } = await installDashboard({ credentials })
  const token = await formToken(ask, "/login", { as: "nobody" })
  const login = (password: string) => ask("/login", { as: "nobody", form: { token, name: "ben", password } })
  for (let count = 0; count < 10; count++) expect((await login("wrong")).status).toBe(401)
  const refused = await login("another")
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(200)
})

test("asks again, as a page of its own, for what was linked from another site", async () => {
  const { ask } = await installDashboard({ credentials })
  const response = await ask("/jobs/1", { as: "nobody", headers: { "sec-fetch-site": "cross-site" } })
  expect(await response.text()).toContain('http-equiv="refresh" content="0; url=/jobs/1"')
})

test("answers to the hosts that it is told, and to no other name", async () => {
  const { dashboard } = await installDashboard({ hosts: ["localhost", "127.0.0.1", "[::1]"] })
  const status = async (host: string) => {
    const headers = { "x-role": "viewer", host }
    return (await dashboard(new Request("http://queue.test/jobs", { headers }))).status
  }
  for (const host of ["localhost", "localhost:8384", "127.0.0.1:1", "[::1]:8384"]) expect(await status(host)).toBe(200)
  for (const host of ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", ""])
    expect(await status(host)).toBe(421)
})

test("is made for nobody when nobody says who may look", async () => {
  const { queue } = await installDashboard()
  const fails = (options: object) => () => createDashboard(queue.driver, options as never)
  expect(fails({})).toThrow(/does not know who may look/)
  expect(fails({ authorize: () => null, credentials })).toThrow(/both/)
  expect(fails({ authorize: () => null, basePath: "queue" })).toThrow(/basePath must be a path/)
  expect(fails({ authorize: () => null, secret: "short" })).toThrow(/secret/)
  expect(fails({ authorise: () => null })).toThrow(/did you mean/)
})

test("lets nobody in when authorize fails, or answers with something else", async () => {
  for (const answer of [{ name: "ann" }, { name: "ann", role: "root" }, "ann", true]) {
    const { ask } = await installDashboard({ authorize: () => answer as never })
    expect((await ask("/")).status).toBe(500)
  }
  const { ask } = await installDashboard({ authorize: () => Promise.reject(new Error("no session store")) })
  const response = await ask("/")
  expect([response.status, await response.text()]).toEqual([500, "The dashboard failed; its log says why.\n"])
})

test("takes the forms of another process with the same secret, and not of one with another", async () => {
  const { queue, ask } = await installDashboard({ write: true, secret: "s".repeat(32) })
  const [id] = await queue.queries.enqueue("a")
  const token = await formToken(ask, `/jobs/${id}`, { as: "admin" })
  const { makeDashboard } = await import("../support/dashboard.js")
  const other = asker(makeDashboard(queue, { write: true, secret: "o".repeat(32) }))
  expect((await other(`/jobs/${id}/cancel`, { as: "admin", form: { token } })).status).toBe(403)
  const same = asker(makeDashboard(queue, { write: true, secret: "s".repeat(32) }))
  expect((await same(`/jobs/${id}/cancel`, { as: "admin", form: { token } })).status).toBe(303)
})

test("hides fields in pages and in what is downloaded, and their values in errors", async () => {
  const { queue, ask } = await installDashboard({ redact: ["password", "user.card"] })
  const payload = { password: "hunter22", user: { card: { number: "4111-1111" }, name: "Ann" } }
  const [id] = await queue.queries.enqueue("a", payload, { headers: { password: "in-header" } })
  const worker = queue.worker()
  worker.pgq.entrypoint("a", (_, { log, progress }) => {
    log.info("logging in with hunter22", { password: "hunter22" })
    progress({ password: "hunter22" })
    throw new Error("refused hunter22 of 4111-1111")
  })
  await worker.drain()
  for (const path of [
    "/",
    "/jobs",
    `/jobs/${id}`,
    ...["payload", "headers", "progress"].map((part) => `/jobs/${id}/${part}`),
  ]) {
    const text = await (await ask(path)).text()
    for (const secret of ["hunter22", "4111", "in-header"]) expect(text, path).not.toContain(secret)
  }
  expect(await (await ask(`/jobs/${id}`)).text()).toContain("refused [redacted] of [redacted]")
})
