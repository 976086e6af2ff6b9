// Writes src/adapters/postgres/sql.generated.ts, so that a bundled application needs no files beside its code.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = new URL("../", import.meta.url)
const target = fileURLToPath(new URL("src/adapters/postgres/sql.generated.ts", root))

/** A statement that is another one without some of its parts, which stand between `-- name {` and `-- }`. */
const variants = {
  exchange: { of: "exchange", without: "claiming only" },
  claim: { of: "exchange", without: "handing in" },
}

const text = [
  "// Made by scripts/embed-sql.mjs from the files under sql/. Do not edit.",
  `export const migrationFiles = ${asObject(filesIn("migrations"))} as const`,
  `export const statementFiles = ${asObject(withVariants(filesIn("statements")))} as const`,
  "",
].join("\n")
writeFileSync(target, text)

function filesIn(folder) {
  const directory = new URL(`sql/${folder}/`, root)
  const names = readdirSync(directory).filter((name) => name.endsWith(".sql"))
  return Object.fromEntries(
    names.map((name) => [name.replace(/\.sql$/, ""), readFileSync(new URL(name, directory), "utf8")]),
  )
}

function withVariants(files) {
  const made = Object.entries(variants).map(([name, { of, without }]) => [name, withoutPart(files[of], without)])
  return { ...files, ...Object.fromEntries(made) }
}

function withoutPart(sql, name) {
  const part = new RegExp(`^-- ${name} \\{\\n[^]*?^-- \\}\\n`, "gm")
  if (!part.test(sql)) throw new Error(`no part "${name}"`)
  return sql.replace(part, "")
}

function asObject(files) {
  const entries = Object.keys(files)
    .sort()
    .map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(files[name])},`)
  return `{\n${entries.join("\n")}\n}`
}
