import { actions } from "./actions/actions.js"
import { bulkRoute } from "./actions/bulk-actions.js"
import { makeActionRoute } from "./actions/run-action.js"
import { assetRoute } from "./assets.js"
import { liveRoute } from "./live/live-route.js"
import { loginRoutes } from "./login.js"
import { downloadRoutes } from "./pages/downloads.js"
import { pages } from "./pages/pages.js"
import { respondWithPage } from "./respond.js"
import type { AnyPage, Route } from "./route.js"
import type { Credentials } from "./security/credentials.js"
import type { LoginLimit } from "./security/login-limit.js"
import type { Sessions } from "./security/sessions.js"
import type { Signature } from "./security/signature.js"

export interface Guards {
  readonly credentials: Credentials | undefined
  readonly sessions: Sessions
  readonly limit: LoginLimit
  readonly signature: Signature
}

/** The table of all that can be asked. Nothing is answered that is not in it, and who may ask is said here alone. */
export function makeRoutes(guards: Guards): readonly Route[] {
  return [
    assetRoute,
    ...(guards.credentials === undefined ? [] : loginRoutes(guards.credentials, guards)),
    liveRoute(pages),
    ...downloadRoutes,
    ...pages.map(pageRoute),
    bulkRoute(guards.signature),
    ...actions.map((action) => makeActionRoute(action, guards.signature)),
  ]
}

function pageRoute(page: AnyPage): Route {
  return {
    method: "GET",
    path: page.path,
    needs: page.needs ?? "viewer",
    acts: false,
    handle: (visit) => respondWithPage(page, visit),
  }
}
