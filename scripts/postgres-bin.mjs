// Prints the folder `bin` of another PostgreSQL, for the tests:
//   PGQUEUER_TEST_BIN=$(node scripts/postgres-bin.mjs 12) npx vitest run
// Versions: those of test/postgres-versions/package.json (Linux on x64), installed at first use, and the system's own.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../test/postgres-versions", import.meta.url))
const version = process.argv[2] ?? ""
const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
const alias = `postgres-${version}`

if (alias in dependencies) {
  const bin = join(folder, "node_modules", alias, "native", "bin")
  // The links that the packages' install scripts would make are made when the server is started.
  if (!existsSync(bin)) execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: folder, stdio: ["ignore", 2, 2] })
  console.log(bin)
} else if (existsSync(`/usr/lib/postgresql/${version}/bin/postgres`)) {
  console.log(`/usr/lib/postgresql/${version}/bin`)
} else {
  console.error(
    `usage: node scripts/postgres-bin.mjs ${Object.keys(dependencies).join(" | ").replaceAll("postgres-", "")}`,
  )
  process.exitCode = 2
}
