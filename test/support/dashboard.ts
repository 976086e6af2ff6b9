import { onTestFinished } from "vitest"
import type { Dashboard } from "../../src/dashboard/dashboard.js"
import { createDashboard, type DashboardOptions, type Person, type Role } from "../../src/dashboard/index.js"
import type { Driver } from "../../src/ports/driver.js"
import { installQueue, type TestQueue } from "./queue.js"

/** A dashboard of a queue of its own; who asks says so by the header `x-role`. */
export async function installDashboard(
  options: Partial<DashboardOptions> = {},
  driver?: Driver,
): Promise<TestDashboard> {
  const queue = await installQueue()
  const dashboard = makeDashboard(queue, options, driver)
  return { queue, dashboard, ask: asker(dashboard, options.basePath ?? "") }
}

export interface TestDashboard {
  readonly queue: TestQueue
  readonly dashboard: Dashboard
  readonly ask: Ask
}

export interface AskOptions {
  readonly as?: Role | "nobody"
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>
}

export type Ask = (path: string, options?: AskOptions) => Promise<Response>

export function makeDashboard(queue: TestQueue, options: Partial<DashboardOptions> = {}, driver?: Driver): Dashboard {
  const { schema, prefix } = queue
  const authorize = options.credentials === undefined ? { authorize: byHeader } : {}
  const dashboard = createDashboard(driver ?? queue.driver, { ...authorize, schema, prefix, ...options })
  onTestFinished(() => dashboard.close())
  return dashboard
}

/** Asks as a browser does for a page, `viewer` unless it says otherwise. */
export function asker(dashboard: Dashboard, basePath = ""): Ask {
  return (path, { as = "viewer", method, headers = {}, form } = {}) =>
    dashboard(
      new Request(`http://queue.test${basePath}${path}`, {
        method: method ?? (form === undefined ? "GET" : "POST"),
        headers: {
          accept: "text/html",
          host: "queue.test",
          ...(as === "nobody" ? {} : { "x-role": as }),
          ...headers,
        },
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
      }),
    )
}

/** The token of the forms on a page. */
export async function formToken(ask: Ask, path: string, options: AskOptions = {}): Promise<string> {
  const text = await (await ask(path, options)).text()
  return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? ""
}

function byHeader(request: Request): Person | null {
  const role = request.headers.get("x-role") as Role | null
  return role === null ? null : { name: `the ${role}`, role }
}
