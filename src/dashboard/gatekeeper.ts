import { logEvent } from "../ports/logger.js"
import { clearNotice, openNotice } from "./notices.js"
import { matchPath } from "./path-match.js"
import { isPerson, type Person, reaches } from "./person.js"
import { readForm } from "./read-form.js"
import { bounce, redirect, refusal } from "./respond.js"
import type { Route, Theme, Visit } from "./route.js"
import { makeRoutes } from "./routes.js"
import { readCookie } from "./security/cookies.js"
import type { Credentials } from "./security/credentials.js"
import { withSecurityHeaders } from "./security/headers.js"
import { LoginLimit } from "./security/login-limit.js"
import { isForHost, isSameOrigin } from "./security/same-origin.js"
import { Sessions } from "./security/sessions.js"
import { Signature } from "./security/signature.js"
import { href, type Site } from "./site.js"

export interface GatekeeperOptions {
  readonly authorize: ((request: Request) => Person | null | Promise<Person | null>) | undefined
  readonly credentials: Credentials | undefined
  readonly hosts: readonly string[] | undefined
  readonly secret: string
}

/** A form that was opened so long ago is refused. */
const formMs = 12 * 3_600_000

const nobody: Person = { name: "", role: "viewer" }

/** Lets each request through to its route, or says why not: everything that makes the dashboard safe is asked here, in this order. */
export class Gatekeeper {
  readonly #site: Site
  readonly #options: GatekeeperOptions
  readonly #signature: Signature
  readonly #sessions: Sessions
  readonly #limit: LoginLimit
  readonly #routes: readonly Route[]

  constructor(site: Site, options: GatekeeperOptions) {
    this.#site = site
    this.#options = options
    this.#signature = new Signature(options.secret)
    this.#sessions = new Sessions(this.#signature, site.now)
    this.#limit = new LoginLimit(site.now)
    this.#routes = makeRoutes({
      credentials: options.credentials,
      sessions: this.#sessions,
      limit: this.#limit,
      signature: this.#signature,
    })
  }

  async answer(request: Request, address: string | undefined): Promise<Response> {
    try {
      return withSecurityHeaders(await this.#answer(request, address))
    } catch (error) {
      logEvent(this.#site.logger, "dashboard.failed", "a request to the dashboard failed", { error })
      return withSecurityHeaders(new Response("The dashboard failed; its log says why.\n", { status: 500 }))
    }
  }

  async #answer(request: Request, address: string | undefined): Promise<Response> {
    const site = this.#site
    const { hosts } = this.#options
    if (hosts !== undefined && !isForHost(request, hosts)) return refusal(request, undefined, "wrong-host")
    const url = new URL(request.url)
    const path = pathBelow(site.basePath, url.pathname)
    if (path === "") return redirect(href(site, "/"), 308)
    const visit = this.#visit(request, url, path ?? "/", address)
    if (path === undefined) return refusal(request, visit, "not-found")
    const found = this.#find(request.method, path)
    if (!("route" in found)) return refusal(request, visit, found.refused, found.allow)
    const { route, params } = found
    if (route.needs === "nobody") return this.#handle(route, { ...visit, params })
    const person = await this.#identify(request, address)
    if (person === undefined) return this.#stranger(request, visit, url)
    const known = { ...this.#asPerson(visit, person), params }
    if (!reaches(person.role, route.needs)) return refusal(request, known, "forbidden")
    if (route.acts && !site.write) return refusal(request, known, "read-only")
    return this.#handle(route, known)
  }

  async #handle(route: Route, visit: Visit): Promise<Response> {
    if (route.method === "GET") return withoutNotice(await route.handle(visit), visit)
    if (!isSameOrigin(visit.request)) return refusal(visit.request, visit, "cross-site")
    const form = await readForm(visit.request)
    if (form === undefined) return refusal(visit.request, visit, "bad-form")
    if (!this.#isFormToken(form.get("token") ?? "", visit.person)) {
      return refusal(visit.request, visit, "stale-form")
    }
    return route.handle({ ...visit, form })
  }

  #find(
    method: string,
    path: string,
  ):
    | { route: Route; params: Readonly<Record<string, string>> }
    | { refused: "not-found" | "wrong-method"; allow: string } {
    const asked = method === "HEAD" ? "GET" : method
    const there = this.#routes.flatMap((route) => {
      const params = matchPath(route.path, path)
      return params === undefined ? [] : [{ route, params }]
    })
    const found = there.find(({ route }) => route.method === asked)
    if (found !== undefined) return found
    const allow = there.map(({ route }) => route.method).join(", ")
    return { refused: there.length === 0 ? "not-found" : "wrong-method", allow }
  }

  async #identify(request: Request, address: string | undefined): Promise<Person | undefined> {
    const { authorize, credentials } = this.#options
    if (authorize !== undefined) {
      const answer = await authorize(request)
      if (answer === null || answer === undefined) return undefined
      if (isPerson(answer)) return { name: answer.name, role: answer.role }
      throw new TypeError("authorize answered neither null nor { name, role }")
    }
    if (credentials === undefined) return undefined
    const session = readCookie(request, "pgq_session")
    const person = session === undefined ? undefined : this.#sessions.find(session)
    return person ?? this.#identifyByHeader(request.headers.get("authorization"), credentials, address)
  }

  /** For scripts: `Bearer` with the token, `Basic` with name and password. Wrong ones count as failed logins. */
  #identifyByHeader(header: string | null, credentials: Credentials, address: string | undefined): Person | undefined {
    const [scheme = "", value = ""] = (header ?? "").split(" ")
    if (value === "" || this.#limit.waitSeconds(address) > 0) return undefined
    const person = personOf(scheme.toLowerCase(), value, credentials)
    if (person === undefined) this.#limit.failed(address)
    return person
  }

  #stranger(request: Request, visit: Visit, url: URL): Response {
    if (!this.#site.hasLogin || request.method !== "GET" || visit.path === "/live") {
      return refusal(request, visit, "unknown-person")
    }
    // A session's cookie is not sent along a link from another site. Asked again by this page itself, it is.
    if (request.headers.get("sec-fetch-site") === "cross-site") return bounce(`${url.pathname}${url.search}`)
    return redirect(href(this.#site, "/login", { to: `${visit.path}${url.search}` }))
  }

  #visit(request: Request, url: URL, path: string, address: string | undefined): Visit {
    const notice = readCookie(request, "pgq_notice")
    const theme = readCookie(request, "pgq_theme")
    const visit = {
      site: this.#site,
      request,
      address,
      path,
      params: {},
      query: url.searchParams,
      form: new URLSearchParams(),
      theme: theme === "light" || theme === "dark" ? theme : ("system" satisfies Theme),
      notice: notice === undefined ? undefined : openNotice(this.#signature, notice),
    } as const
    return this.#asPerson(visit, nobody)
  }

  #asPerson(visit: Omit<Visit, "person" | "formToken" | "mayAct">, person: Person): Visit {
    const { write } = this.#site
    const formToken = this.#signature.sign("form", formTextOf(person, this.#site.now()))
    return { ...visit, person, formToken, mayAct: (role) => write && reaches(person.role, role) }
  }

  #isFormToken(token: string, person: Person): boolean {
    const text = this.#signature.open("form", token)
    const now = this.#site.now()
    return text === formTextOf(person, now) || text === formTextOf(person, now - formMs)
  }
}

/** The same for some hours, so that a page that is shown again has not changed by it. */
function formTextOf(person: Person, now: number): string {
  return Buffer.from(`${person.name}\n${Math.floor(now / formMs)}`).toString("base64url")
}

function personOf(scheme: string, value: string, credentials: Credentials): Person | undefined {
  if (scheme === "bearer") return credentials.findByToken(value)
  if (scheme !== "basic") return undefined
  const [name = "", ...password] = Buffer.from(value, "base64").toString().split(":")
  return credentials.find(name, password.join(":"))
}

/** The path without the base path, "" for the base path itself, undefined for one elsewhere. */
function pathBelow(basePath: string, path: string): string | undefined {
  if (!path.startsWith(basePath)) return undefined
  const below = path.slice(basePath.length)
  return below === "" || below.startsWith("/") ? below : undefined
}

function withoutNotice(response: Response, visit: Visit): Response {
  const isPage = response.headers.get("content-type")?.startsWith("text/html") === true
  if (visit.notice !== undefined && isPage) response.headers.append("set-cookie", clearNotice(visit.site))
  return response
}
