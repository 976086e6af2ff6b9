import { expect, test } from "vitest"
import { reaches, roles } from "../../src/dashboard/person.js"
import type { Route } from "../../src/dashboard/route.js"
import { makeRoutes } from "../../src/dashboard/routes.js"
import { credentialsOf } from "../../src/dashboard/security/credentials.js"
import { LoginLimit } from "../../src/dashboard/security/login-limit.js"
import { Sessions } from "../../src/dashboard/security/sessions.js"
import { Signature } from "../../src/dashboard/security/signature.js"
import { formToken, installDashboard, type TestDashboard } from "../support/dashboard.js"

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

const credentials = credentialsOf({ users: [{ name: "ann", password: "secret" }] })

const table: readonly Route[] = makeRoutes({
  credentials,
  signature: new Signature("test"),
  sessions: new Sessions(new Signature("test"), Date.now),
  limit: new LoginLimit(Date.now),
})

/** With `authorize` there is no page to log in on. */
const routes = table.filter(({ path }) => !/^\/log(?:in|out)$/.test(path))

test.each([
  ["that may be written to", true],
  ["that is read-only", false],
])("lets each role do on a dashboard %s what the table of routes says, with each method", async (_, write) => {
  const dashboard = await installDashboard({ write })
  const tokens = new Map<string, string>()
  for (const role of roles) tokens.set(role, await tokenOf(dashboard, role, write))
  const wrong: string[] = []
  for (const path of new Set(routes.map((route) => route.path))) {
    for (const method of methods) {
      for (const as of ["nobody", ...roles] as const) {
        const form = method === "POST" ? { form: { token: tokens.get(as) ?? "" } } : {}
        const response = await dashboard.ask(examplePath(path), { as, method, ...form })
        await response.body?.cancel()
        const expected = expectedStatus(path, method, as, write)
        const fits = expected === "let in" ? isLetIn(response.status) : response.status === expected
        if (!fits) wrong.push(`${method} ${path} as ${as}: ${response.status}, not ${expected}`)
      }
    }
  }
  expect(wrong).toEqual([])
})

test("has no route that changes something and takes no role above viewer", () => {
  for (const { path, method, needs, acts } of table) {
    if (acts) expect({ path, method, needs }).toMatchObject({ method: "POST", needs: /operator|admin/ })
    else if (method === "POST") expect(path).toMatch(/^\/log(?:in|out)$/)
  }
})

test("says in the headers of every answer what a browser may do with it", async () => {
  const { ask } = await installDashboard()
  for (const path of ["/", "/jobs", "/nowhere", "/jobs/1/payload"]) {
    const { headers } = await ask(path)
    expect(headers.get("content-security-policy")).toMatch(/default-src 'none'/)
    expect(headers.get("content-security-policy")).not.toContain("unsafe")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("referrer-policy")).toBe("same-origin")
    expect(headers.get("cache-control")).toBe("no-store")
  }
})

test("refuses forms of other sites, and those without the token of the person who sends them", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  const [id] = await queue.queries.enqueue("a")
  const path = `/jobs/${id}/cancel`
  const token = await formToken(ask, `/jobs/${id}`, { as: "operator" })
  const foreign = await formToken(ask, `/jobs/${id}`, { as: "admin" })
  for (const [form, headers, status] of [
    [{}, {}, 403],
    [{ token: "x" }, {}, 403],
    [{ token: foreign }, {}, 403],
    [{ token }, { "sec-fetch-site": "cross-site" }, 403],
    [{ token }, { "sec-fetch-site": "same-site" }, 403],
    [{ token }, { origin: "http://evil.test" }, 403],
    [{ token }, { origin: "null" }, 403],
  ] as const) {
    expect((await ask(path, { as: "operator", form, headers })).status).toBe(status)
    expect((await queue.queries.job(id!))!.status).toBe("queued")
  }
  expect((await ask(path, { as: "operator", form: { token }, headers: { origin: "http://queue.test" } })).status).toBe(
    303,
  )
  expect((await queue.queries.job(id!))!.status).toBe("canceled")
  expect(await queue.sql("select person, role, action, target, done, result from pgqueuer.audit")).toEqual([
    {
      person: "the operator",
      role: "operator",
      action: "cancel job",
      target: id,
      done: true,
      result: `Job ${id} is canceled.`,
    },
  ])
})

function expectedStatus(path: string, method: string, as: "nobody" | (typeof roles)[number], write: boolean) {
  const route = routes.find((one) => one.path === path && one.method === (method === "HEAD" ? "GET" : method))
  if (route === undefined) return 405
  if (route.needs === "nobody") return "let in"
  if (as === "nobody") return 401
  if (!reaches(as, route.needs)) return 403
  return route.acts && !write ? 403 : "let in"
}

/** Whatever is asked for is not there; but that is only said to those who may know. */
function isLetIn(status: number): boolean {
  return status === 200 || status === 303 || status === 404
}

function examplePath(path: string): string {
  return path.replace(/:\w+/g, "999")
}

async function tokenOf({ ask, queue }: TestDashboard, as: (typeof roles)[number], write: boolean): Promise<string> {
  if (!write || as === "viewer") return ""
  const [id] = await queue.queries.enqueue("a")
  return formToken(ask, `/jobs/${id}`, { as })
}
