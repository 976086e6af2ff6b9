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

it("carries the files under sql/ as they are, but for the claim, which is a part of the exchange", () => {
  const { claim, exchange, ...whole } = statementFiles
  const { exchange: both, ...files } = readFiles("statements")
  expect(files).toEqual(whole)
  expect(claim.length).toBeLessThan(exchange.length * 0.8)
  for (const part of [claim, exchange]) expect(both!.split("\n")).toEqual(expect.arrayContaining(part.split("\n")))
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
