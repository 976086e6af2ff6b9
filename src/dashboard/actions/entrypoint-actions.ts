import type { EntrypointLimits, LimitSources } from "../../ports/operation-store.js"
import { entrypointPath } from "../components/entrypoint-link.js"
import { hasProblem, limitParameters, limitsFrom, readLimitFields } from "../pages/entrypoints/limit-fields.js"
import type { Action, ActionEnd, Viewing } from "../route.js"

/** What can be done to an entrypoint: it concerns all its jobs. */
export const entrypointActions: readonly Action[] = [
  {
    path: "/entrypoints/:name/pause",
    needs: "admin",
    name: "pause entrypoint",
    target: nameOf,
    async run(viewing, form) {
      await viewing.site.queries.pause(nameOf(viewing))
      return { text: `${nameOf(viewing)} is paused: no worker takes another job of it.`, to: back(viewing, form) }
    },
  },
  {
    path: "/entrypoints/:name/resume",
    needs: "admin",
    name: "resume entrypoint",
    target: nameOf,
    async run(viewing, form) {
      await viewing.site.queries.resume(nameOf(viewing))
      return { text: `${nameOf(viewing)} goes on.`, to: back(viewing, form) }
    },
  },
  { path: "/entrypoints/:name/limits", needs: "admin", name: "change limits", target: nameOf, run: changeLimits },
]

async function changeLimits(viewing: Viewing, form: URLSearchParams): Promise<ActionEnd> {
  const name = nameOf(viewing)
  const fields = readLimitFields(form)
  if (fields === undefined) {
    return { text: "Nothing was changed: the form was not whole.", failed: true, to: entrypointPath(name, "/limits") }
  }
  if (hasProblem(fields)) {
    const again = `${entrypointPath(name, "/limits")}?${new URLSearchParams(limitParameters(fields))}`
    return { text: "Nothing was changed: a field does not fit.", failed: true, to: again }
  }
  const now = await viewing.site.queries.setLimits(name, limitsFrom(fields))
  return { text: `${name}: ${limitsText(now)}.`, to: entrypointPath(name) }
}

function limitsText({ concurrencyLimit, requestsPerSecond }: EntrypointLimits): string {
  return `concurrency ${limitText(concurrencyLimit)}, rate ${limitText(requestsPerSecond)}`
}

function limitText({ set, effective }: LimitSources): string {
  return `${effective ?? "without limit"}${set === undefined ? " as the code says" : " by hand"}`
}

/** The page that the button was on. */
function back(viewing: Viewing, form: URLSearchParams): string {
  return form.get("back") === "page" ? entrypointPath(nameOf(viewing)) : "/entrypoints"
}

function nameOf({ params }: Viewing): string {
  return params["name"]!
}
