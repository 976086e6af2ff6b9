import type { Action, Viewing } from "../route.js"

/** What can be done to an entrypoint: it concerns all its jobs. */
export const entrypointActions: readonly Action[] = [
  {
    path: "/entrypoints/:name/pause",
    needs: "admin",
    name: "pause entrypoint",
    target: nameOf,
    async run(viewing) {
      await viewing.site.queries.pause(nameOf(viewing))
      return { text: `${nameOf(viewing)} is paused: no worker takes another job of it.`, to: "/entrypoints" }
    },
  },
  {
    path: "/entrypoints/:name/resume",
    needs: "admin",
    name: "resume entrypoint",
    target: nameOf,
    async run(viewing) {
      await viewing.site.queries.resume(nameOf(viewing))
      return { text: `${nameOf(viewing)} goes on.`, to: "/entrypoints" }
    },
  },
]

function nameOf({ params }: Viewing): string {
  return params["name"]!
}
