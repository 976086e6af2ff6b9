import { readFileSync } from "node:fs"

/** The version in a package.json; its path goes from this folder. */
export function version(path: string): string {
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version
}
