import { copyFile, cp, mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"

/** Our package as it was when the benchmark began: a build in the meantime changes nothing. */
export interface PackageUnderTest {
  readonly entry: URL
  /** Its launcher, which starts the server for all systems. */
  readonly startPostgres: typeof startEmbeddedPostgres
  remove(): Promise<void>
}

/** Copies the built package to where it finds the same `pg` as its rivals. */
export async function copyPackage(built: string): Promise<PackageUnderTest> {
  const parent = fileURLToPath(new URL("node_modules/.package-under-test/", import.meta.url))
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(parent)
  await cp(built, join(folder, "dist"), { recursive: true })
  await copyFile(new URL("../package.json", import.meta.url), join(folder, "package.json"))
  const root = pathToFileURL(join(folder, "dist/"))
  const launcher = await import(new URL("adapters/embedded/embedded-postgres.js", root).href)
  return {
    entry: new URL("index.js", root),
    startPostgres: launcher.startEmbeddedPostgres,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
