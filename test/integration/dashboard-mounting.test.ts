import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { describe, expect, onTestFinished, test } from "vitest"
import type { Dashboard } from "../../src/dashboard/dashboard.js"
import { nodeHandler } from "../../src/dashboard/index.js"
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
  hono(dashboard) {
    const app = new Hono().all("/queue/*", ({ req }) => dashboard(req.raw))
    return listening(
      createServer(nodeHandler(Object.assign(async (request: Request) => app.fetch(request), dashboard))),
    )
  },
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

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
