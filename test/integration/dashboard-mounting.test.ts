import "reflect-metadata"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Module } from "@nestjs/common"
import { NestFactory } from "@nestjs/core"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { describe, expect, onTestFinished, test } from "vitest"
import type { Dashboard } from "../../src/dashboard/dashboard.js"
import { credentialsOf, nodeHandler } from "../../src/dashboard/index.js"
import { installDashboard } from "../support/dashboard.js"
import { eventually } from "../support/queue.js"

/** Each mounts the dashboard under /queue, and answers with its own address. */
const mountings: { readonly [framework: string]: (dashboard: Dashboard) => Promise<string> } = {
  "node:http": (dashboard) => listening(createServer(nodeHandler(dashboard))),
  express: (dashboard) => listening(createServer(express().use("/queue", nodeHandler(dashboard)))),
  "express behind a body parser": (dashboard) =>
    listening(createServer(express().use(express.urlencoded()).use("/queue", nodeHandler(dashboard)))),
  async fastify(dashboard) {
    const app = fastify({ forceCloseConnections: true })
    app.addContentTypeParser("application/x-www-form-urlencoded", (_request, _payload, done) => done(null))
    const handle = nodeHandler(dashboard)
    app.all("/queue/*", (request, reply) => {
      reply.hijack()
      return handle(request.raw, reply.raw)
    })
    const address = await app.listen({ port: 0, host: "127.0.0.1" })
    onTestFinished(async () => {
      await dashboard.close()
      await app.close()
    })
    return address
  },
  nestjs: (dashboard) => nest(dashboard, (app) => app.use("/queue", nodeHandler(dashboard))),
  "a route handler of next": (dashboard) =>
    listening(createServer(nodeHandler(Object.assign(nextRoute(dashboard), { ...dashboard, fetch: dashboard })))),
  hono(dashboard) {
    const app = new Hono().all("/queue/*", ({ req }) => dashboard(req.raw))
    return listening(
      createServer(nodeHandler(Object.assign(async (request: Request) => app.fetch(request), dashboard))),
    )
  },
}

/** Nest asks for decorators, which are functions, too. */
async function nest(dashboard: Dashboard, mount: (app: NestApplication) => void): Promise<string> {
  class AppModule {}
  Module({})(AppModule)
  const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true })
  mount(app)
  await app.listen(0, "127.0.0.1")
  onTestFinished(async () => {
    await dashboard.close()
    await app.close()
  })
  return app.getUrl()
}

type NestApplication = Awaited<ReturnType<typeof NestFactory.create>>

/**
 * As Next calls `app/queue/[[...path]]/route.ts` on its Node runtime: by the name of the method, with a request whose URL is the whole one
 * and whose body is a stream, and with a second argument of its own; the response is piped to the client.
 */
function nextRoute(dashboard: Dashboard): (request: Request) => Promise<Response> {
  const handlers = nextHandlers(dashboard)
  return async (request) => {
    const context = { params: Promise.resolve({ path: new URL(request.url).pathname.split("/").slice(2) }) }
    const handle = handlers[request.method as keyof typeof handlers]
    return handle === undefined ? new Response(null, { status: 405 }) : handle(request, context as never)
  }
}

/** What the route's file exports. */
function nextHandlers(dashboard: Dashboard) {
  return { GET: dashboard, POST: dashboard, HEAD: dashboard }
}

describe.each(Object.keys(mountings))("mounted in %s", (framework) => {
  test("shows pages and assets, takes forms, and sends what changes", async () => {
    const { queue, dashboard } = await installDashboard({ basePath: "/queue", write: true })
    const origin = await mountings[framework]!(dashboard)
    const headers = { "x-role": "admin", accept: "text/html" }
    const [id] = await queue.queries.enqueue("a")
    const page = await (await fetch(`${origin}/queue/jobs/${id}`, { headers })).text()
    for (const [, path] of page.matchAll(/(?:href|src|action)="([^"#]+)"/g)) expect(path).toMatch(/^\/queue\//)
    const [, script] = /src="([^"]+app\.js)"/.exec(page)!
    expect((await fetch(origin + script)).headers.get("cache-control")).toContain("immutable")
    const token = /name="token" value="([^"]+)"/.exec(page)![1]!
    const live = await fetch(`${origin}/queue/live?of=/jobs/${id}`, { headers })
    const events = live.body!.pipeThrough(new TextDecoderStream()).getReader()
    const body = new URLSearchParams({ token })
    const acted = await fetch(`${origin}/queue/jobs/${id}/cancel`, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
    })
    expect([acted.status, acted.headers.get("location")]).toEqual([303, `/queue/jobs/${id}`])
    expect(acted.headers.getSetCookie()[0]).toContain("Path=/queue")
    expect((await queue.queries.job(id!))!.status).toBe("canceled")
    let seen = ""
    await eventually(async () => {
      seen += (await events.read()).value ?? ""
      return seen.includes("event: main") && seen.includes("ended as canceled")
    })
    await events.cancel()
    const bare = await fetch(`${origin}/queue/nowhere`, { headers })
    expect(bare.status).toBe(404)
  })
})

describe.each(Object.keys(mountings))("mounted in %s", (framework) => {
  test("lets people log in, and out", async () => {
    const credentials = credentialsOf({ users: [{ name: "ann", password: "secret" }] })
    const { dashboard } = await installDashboard({ basePath: "/queue", credentials })
    const origin = await mountings[framework]!(dashboard)
    const stranger = await fetch(`${origin}/queue/jobs`, { redirect: "manual", headers: { accept: "text/html" } })
    expect([stranger.status, stranger.headers.get("location")]).toEqual([303, "/queue/login?to=%2Fjobs"])
    const page = await (await fetch(`${origin}/queue/login?to=%2Fjobs`)).text()
    const token = /name="token" value="([^"]+)"/.exec(page)![1]!
    const post = (path: string, form: Readonly<Record<string, string>>, cookie = "") =>
      fetch(origin + path, { method: "POST", body: new URLSearchParams(form), redirect: "manual", headers: { cookie } })
    const wrong = await post("/queue/login", { token, name: "ann", password: "wrong" })
    expect(wrong.status).toBe(401)
    const right = await post("/queue/login", { token, name: "ann", password: "secret", to: "/jobs" })
    expect([right.status, right.headers.get("location")]).toEqual([303, "/queue/jobs"])
    const session = right.headers.getSetCookie()[0]!
    expect(session).toMatch(/Path=\/queue; .*HttpOnly/)
    const cookie = session.split(";")[0]!
    const jobs = await (await fetch(`${origin}/queue/jobs`, { headers: { cookie } })).text()
    const own = /name="token" value="([^"]+)"/.exec(jobs)![1]!
    expect((await post("/queue/logout", { token: own }, cookie)).status).toBe(303)
    expect((await fetch(`${origin}/queue/jobs`, { headers: { cookie }, redirect: "manual" })).status).toBe(303)
  })
})

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
