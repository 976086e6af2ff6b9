// Writes src/adapters/postgres/sql.generated.ts, so that a bundled application needs no files beside its code.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = new URL("../", import.meta.url)
const target = fileURLToPath(new URL("src/adapters/postgres/sql.generated.ts", root))

const text = [
  "// Made by scripts/embed-sql.mjs from the files under sql/. Do not edit.",
  `export const migrationFiles = ${asObject("migrations")} as const`,
  `export const statementFiles = ${asObject("statements")} as const`,
  "",
].join("\n")
writeFileSync(target, text)

function asObject(folder) {
  const directory = new URL(`sql/${folder}/`, root)
  const names = readdirSync(directory)
    .filter((name) => name.endsWith(".sql"))
    .sort()
  const entries = names.map((name) => {
    const sql = readFileSync(new URL(name, directory), "utf8")
    return `  ${JSON.stringify(name.replace(/\.sql$/, ""))}: ${JSON.stringify(sql)},`
  })
  return `{\n${entries.join("\n")}\n}`
}
