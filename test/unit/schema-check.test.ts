import { expect, it } from "vitest"
import { checkSchema } from "../../src/app/schema-check.js"
import type { SchemaState, SchemaStore } from "../../src/ports/schema-store.js"

function storeWith(state: SchemaState | undefined, codeVersion: number): SchemaStore {
  const unused = () => {
    throw new Error("not to be called by a check")
  }
  return {
    codeVersion,
    readState: async () => state,
    migrate: unused,
    script: unused,
    uninstall: unused,
    findMissing: unused,
  }
}

it.each([
  [{ version: 3, serves: 1 }, 3],
  [{ version: 5, serves: 2 }, 3],
  [{ version: 4, serves: 3 }, 3],
])("accepts the schema %j for code of version %d", async (state, code) => {
  await expect(checkSchema(storeWith(state, code))).resolves.toBeUndefined()
})

it("refuses a database without a schema, and says how to make one", async () => {
  await expect(checkSchema(storeWith(undefined, 3))).rejects.toMatchObject({
    code: "PGQ_SCHEMA_MISSING",
    remedy: expect.stringContaining("pgq install"),
  })
})

it("refuses an older schema and names both versions", async () => {
  await expect(checkSchema(storeWith({ version: 2, serves: 1 }, 3))).rejects.toMatchObject({
    code: "PGQ_SCHEMA_TOO_OLD",
    message: expect.stringMatching(/version 2.*version 3/),
    remedy: expect.stringContaining("pgq upgrade"),
  })
})

it("refuses a newer schema that no longer serves this code, and names both versions", async () => {
  await expect(checkSchema(storeWith({ version: 9, serves: 4 }, 3))).rejects.toMatchObject({
    code: "PGQ_SCHEMA_TOO_NEW",
    message: expect.stringMatching(/version 9.*version 3/),
  })
})
