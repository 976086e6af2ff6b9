import { readFileSync } from "node:fs"

/** This package's version, from its package.json, which every installation has. */
export const packageVersion: string = readVersion()

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return (manifest as { version: string }).version
}
