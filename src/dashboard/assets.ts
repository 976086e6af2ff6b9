import { createHash } from "node:crypto"
import { assetFiles } from "./assets.generated.js"
import type { Route } from "./route.js"

export type AssetName = keyof typeof assetFiles

const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
}

/** Of all files together: scripts name each other without it. */
const version = createHash("sha256").update(JSON.stringify(assetFiles)).digest("hex").slice(0, 16)

/** Where a file is served, below the base path. It changes with its contents. */
export function assetPath(name: AssetName): string {
  return `/assets/${version}/${name}`
}

export const assetRoute: Route = {
  method: "GET",
  path: "/assets/:version/:name",
  needs: "nobody",
  acts: false,
  handle({ params }) {
    const { name = "" } = params
    const text = params["version"] === version ? (assetFiles as Readonly<Record<string, string>>)[name] : undefined
    if (text === undefined || !Object.hasOwn(assetFiles, name)) return new Response("Not found\n", { status: 404 })
    const type = types[name.slice(name.lastIndexOf(".") + 1)]!
    return new Response(text, {
      headers: { "content-type": type, "cache-control": "public, max-age=31536000, immutable" },
    })
  },
}
