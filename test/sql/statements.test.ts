import { readdirSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { migrationFiles, statementFiles } from "../../src/adapters/postgres/sql.generated.js"
import { render, type StatementName, Statements } from "../../src/adapters/postgres/statement.js"
import { installQueue } from "../support/queue.js"

const names = Object.keys(statementFiles) as StatementName[]
const folder = new URL("../../sql/", import.meta.url)

it.each(["", "acme_"])("prepares every statement on the server, with the prefix %j", async (prefix) => {
  const { pool, schema } = await installQueue({ prefix })
  const client = await pool.connect()
  try {
    const refused: string[] = []
    for (const name of names) {
      const sql = render(statementFiles[name], { schema, prefix })
      await client.query(`prepare "${name}" as ${sql}`).catch((error) => refused.push(`${name}: ${error.message}`))
    }
    expect(refused).toEqual([])
  } finally {
    client.release()
  }
})

it.each(names)("leaves no name of %s outside the chosen schema and prefix", (name) => {
  const sql = render(statementFiles[name], { schema: "elsewhere", prefix: "acme_" })
  expect(sql).not.toContain("pgqueuer")
  expect(sql.match(/"elsewhere"\."(?!acme_)/)).toBeNull()
})

it.each(names)("says of %s what it is for", (name) => {
  expect(statementFiles[name]).toMatch(new RegExp(`^-- ${name}: \\S`, "m"))
})

/** What is made of a file's parts, by the file. */
const made = {
  exchange: ["exchange", "claim"],
  find_newest_jobs: ["find_newest_jobs", "find_oldest_jobs"],
  find_newest_end: ["find_newest_end", "find_oldest_end"],
} as const satisfies Record<string, readonly StatementName[]>

it("carries the files under sql/ as they are, but for those that are made of parts of one", () => {
  const files = readFiles("statements")
  const whole = names.filter(
    (name) =>
      !Object.values(made)
        .flat()
        .some((one) => one === name),
  )
  expect(Object.keys(files).sort()).toEqual([...whole, ...Object.keys(made)].sort())
  for (const name of whole) expect(statementFiles[name]).toBe(files[name])
  for (const [file, parts] of Object.entries(made)) {
    const lines = files[file]!.split("\n")
    for (const part of parts) expect(lines).toEqual(expect.arrayContaining(statementFiles[part].split("\n")))
  }
  expect(statementFiles.claim.length).toBeLessThan(statementFiles.exchange.length * 0.8)
  expect(readFiles("migrations")).toEqual(migrationFiles)
})

it("gives the same statement in two placements two names, so that one connection can serve both", async () => {
  const [a, b] = [await installQueue(), await installQueue({ prefix: "b_" })]
  const session = await a.driver.session()
  try {
    for (const { schema, prefix } of [a, b]) {
      const statements = new Statements({ schema, prefix })
      expect(await statements.run(session, "read_version")).toEqual([
        { version: expect.any(Number), serves: expect.any(Number) },
      ])
    }
  } finally {
    await session.release()
  }
})

function readFiles(kind: "statements" | "migrations"): Record<string, string> {
  const files = readdirSync(new URL(`${kind}/`, folder)).filter((name) => name.endsWith(".sql"))
  return Object.fromEntries(
    files.map((file) => [file.replace(/\.sql$/, ""), readFileSync(new URL(`${kind}/${file}`, folder), "utf8")]),
  )
}
