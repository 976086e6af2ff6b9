import { Bare } from "./components/frame.js"
import { Icon } from "./components/icon.js"
import { cookiePath } from "./notices.js"
import type { Person } from "./person.js"
import { html, redirect } from "./respond.js"
import type { Route, Visit } from "./route.js"
import { cookie, isSecure, readCookie } from "./security/cookies.js"
import type { Credentials } from "./security/credentials.js"
import type { LoginLimit } from "./security/login-limit.js"
import { type Sessions, sessionMs } from "./security/sessions.js"
import { href } from "./site.js"

interface LoginParts {
  readonly sessions: Sessions
  readonly limit: LoginLimit
}

/** The page to log in on, and what its form and the button to log out lead to. */
export function loginRoutes(credentials: Credentials, { sessions, limit }: LoginParts): readonly Route[] {
  return [
    { method: "GET", path: "/login", needs: "nobody", acts: false, handle: (visit) => loginPage(visit) },
    { method: "POST", path: "/login", needs: "nobody", acts: false, handle: (visit) => login(visit) },
    { method: "POST", path: "/logout", needs: "viewer", acts: false, handle: (visit) => logout(visit) },
  ]

  function login(visit: Visit): Response {
    const wait = limit.waitSeconds(visit.address)
    if (wait > 0)
      return loginPage(visit, `Too many failed logins. Try again in ${Math.ceil(wait / 60)} min.`, 429, wait)
    const person = find(visit.form.get("name") ?? "", visit.form.get("password") ?? "")
    if (person === undefined) {
      limit.failed(visit.address)
      return loginPage(visit, "Name or password is wrong.", 401)
    }
    const response = redirect(href(visit.site, "/") + pathAfterLogin(visit).slice(1))
    response.headers.append("set-cookie", sessionCookie(visit, sessions.begin(person), sessionMs / 1_000))
    return response
  }

  function find(name: string, password: string): Person | undefined {
    return name === "" ? credentials.findByToken(password) : credentials.find(name, password)
  }

  function logout(visit: Visit): Response {
    sessions.end(readCookie(visit.request, "pgq_session") ?? "")
    const response = redirect(href(visit.site, "/login"))
    response.headers.append("set-cookie", sessionCookie(visit, "", 0))
    return response
  }
}

function loginPage(visit: Visit, problem?: string, status = 200, retryAfter?: number): Response {
  const { site } = visit
  const main = (
    <form class="login" method="post" action={href(site, "/login")}>
      <h1>
        <Icon name="brand" />
        {site.title}
      </h1>
      <input type="hidden" name="token" value={visit.formToken} />
      <input type="hidden" name="to" value={pathAfterLogin(visit)} />
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <label>
        <span>Name</span>
        <input name="name" autocomplete="username" autofocus />
      </label>
      <label>
        <span>Password</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit" class="primary">
        Log in
      </button>
      <p class="hint">With a token: leave the name empty.</p>
    </form>
  )
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  return html(Bare({ visit, title: "Log in", main }), status, headers)
}

/** A path of ours only: never to another site. */
function pathAfterLogin({ form, query }: Visit): string {
  const path = form.get("to") ?? query.get("to") ?? "/"
  return /^\/(?![/\\])/.test(path) ? path : "/"
}

function sessionCookie(visit: Visit, value: string, maxAgeSeconds: number): string {
  return cookie("pgq_session", value, { path: cookiePath(visit.site), secure: isSecure(visit.request), maxAgeSeconds })
}
