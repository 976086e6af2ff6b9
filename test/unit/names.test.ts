import fc from "fast-check"
import { expect, it } from "vitest"
import { render, Statements } from "../../src/adapters/postgres/statement.js"
import { checkEntrypoint, checkPlacement } from "../../src/domain/names.js"

const invalid = expect.objectContaining({ code: "PGQ_NAME_INVALID" })

it("puts the tables into pgqueuer without a prefix by default", () => {
  expect(checkPlacement({})).toEqual({ schema: "pgqueuer", prefix: "" })
})

it.each(["public", "a", "_jobs", "tenant_42", "x".repeat(48)])("takes %j as a schema", (schema) => {
  expect(checkPlacement({ schema })).toEqual({ schema, prefix: "" })
})

it.each([
  "",
  "Upper",
  "4ever",
  "with space",
  'quo"te',
  "a;drop schema public",
  "x".repeat(49),
  "select",
  "pg_mine",
  "user",
  "ä",
  "a-b",
  "a.b",
  7,
  null,
])("refuses %j as a schema", (schema) => {
  expect(() => checkPlacement({ schema })).toThrow(invalid)
})

it.each(["Upper_", "1_", "a b_", `"`, "x".repeat(33), 7])("refuses %j as a prefix", (prefix) => {
  expect(() => checkPlacement({ prefix })).toThrow(invalid)
})

it.each(["fetch", "send e-mail", "a:b/c", "日本語", "🐘", "x".repeat(255), "ä".repeat(127), " "])(
  "takes %j as the name of an entrypoint",
  (name) => {
    expect(() => checkEntrypoint(name)).not.toThrow()
  },
)

it.each(["", "x".repeat(256), "ä".repeat(128), "a\0b", "\ud800", undefined, null, 7, {}, ["fetch"]])(
  "refuses %j as the name of an entrypoint",
  (name) => {
    expect(() => checkEntrypoint(name)).toThrow(invalid)
  },
)

it("lets nothing but plain identifiers through, whatever is tried", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("a", "_", '"', ";", "'", " ", "\0", "A", "1") })),
      (text) => {
        try {
          const { schema } = checkPlacement({ schema: text })
          expect(schema).toMatch(/^[a-z_][a-z0-9_]*$/)
        } catch (error) {
          expect(error).toMatchObject({ code: "PGQ_NAME_INVALID" })
        }
      },
    ),
  )
})

it("puts schema and prefix into SQL, and takes comments out", () => {
  const sql =
    "-- pgqueuer.job\nselect from pgqueuer.ready where x = 'pgqueuer.job_id_seq';\ncreate index ready_moved_idx on pgqueuer.ready (a)"
  expect(render(sql, { schema: "s", prefix: "p_" })).toBe(
    `select from "s"."p_ready" where x = '"s"."p_job_id_seq"';\ncreate index "p_ready_moved_idx" on "s"."p_ready" (a)`,
  )
})

it("gives two placements two channels, and each fits into 63 bytes", () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,31}$/)
  fc.assert(
    fc.property(name, name, name, name, (schemaA, prefixA, schemaB, prefixB) => {
      const a = new Statements({ schema: schemaA, prefix: prefixA }).channel
      const b = new Statements({ schema: schemaB, prefix: prefixB }).channel
      expect(a === b).toBe(schemaA === schemaB && prefixA === prefixB)
      expect(Buffer.byteLength(a)).toBeLessThanOrEqual(63)
    }),
  )
})
