// Writes src/adapters/postgres/sql.generated.ts, so that a bundled application needs no files beside its code.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = new URL("../", import.meta.url)
const target = fileURLToPath(new URL("src/adapters/postgres/sql.generated.ts", root))

/** A statement that is another one without some of its parts, which stand between `-- name {` and `-- }`. */
const variants = {
  exchange: { of: "exchange", without: "claiming only" },
  claim: { of: "exchange", without: "handing in" },
  find_newest_jobs: { of: "find_newest_jobs", without: "oldest first" },
  find_oldest_jobs: { of: "find_newest_jobs", without: "newest first" },
  find_newest_end: { of: "find_newest_end", without: "oldest first" },
  find_oldest_end: { of: "find_newest_end", without: "newest first" },
}

const text = [
  "// Made by scripts/embed-sql.mjs from the files under sql/. Do not edit.",
  `export const migrationFiles = ${asObject(filesIn("migrations"))} as const`,
  `export const statementFiles = ${asObject(withVariants(filesIn("statements")))} as const`,
  `export const roleGrants: readonly (readonly (string | null)[])[] = ${JSON.stringify(grantsOfRoles())}`,
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

/** What the document grants to each role, one right on one object at a time: `[role, right, kind, object, column]`. */
function grantsOfRoles() {
  const document = readFileSync(new URL("docs/reference/privileges.md", root), "utf8")
  return ["Producer", "Worker", "Operator", "Waiter", "Viewer"].flatMap((heading) => {
    const section = document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ""
    const [, sql] = /^```sql\n([\s\S]*?)^```/m.exec(section) ?? []
    if (sql === undefined) throw new Error(`no SQL under ${heading}`)
    const grants = [...sql.matchAll(/^grant ([\s\S]+?)\s+on\s+(schema\s+|sequence\s+)?([\s\S]+?)\s+to\s+\w+;/gm)]
    return grants.flatMap(([, rights, kind = "table ", objects]) =>
      objects
        .split(/,\s*/)
        .map((object) => object.replace("pgqueuer.", ""))
        .flatMap((object) =>
          singleRights(rights).map(([right, column]) => [heading.toLowerCase(), right, kind.trim(), object, column]),
        ),
    )
  })
}

function singleRights(rights) {
  return rights.split(/,\s*(?![^(]*\))/).flatMap((right) => {
    const [, verb, columns] = /^(\w+) \(([\s\S]+)\)$/.exec(right) ?? []
    return verb === undefined ? [[right, null]] : columns.split(/,\s*/).map((column) => [verb, column])
  })
}
