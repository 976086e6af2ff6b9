import { PGlite } from "@electric-sql/pglite"
import pg from "pg"
import postgres from "postgres"
import { afterAll, inject, onTestFinished } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PgliteDriver } from "../../src/adapters/drivers/pglite.js"
import { PostgresJsDriver } from "../../src/adapters/drivers/postgres-js.js"
import type { Queryable } from "../../src/ports/driver.js"
import { type DriverSetup, describeDriverContract } from "./driver-contract.js"

const backwards = { getTypeParser: () => (text: string) => [...text].reverse().join("") } as unknown as typeof pg.types

async function client(config: pg.ClientConfig = {}): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: inject("databaseUrl"), ...config })
  await made.connect()
  onTestFinished(() => made.end())
  return made
}

function pool(config: pg.PoolConfig = {}): pg.Pool {
  const made = new pg.Pool({ connectionString: inject("databaseUrl"), max: 4, ...config })
  onTestFinished(() => made.end())
  return made
}

const makeOther = async (): Promise<Queryable> => new PgPoolDriver(pool({ max: 1 }))

const withClient: DriverSetup = {
  hasServer: true,
  reconnects: false,
  makeOther,
  make: async () => new PgDriver(await client()),
  makeOdd: async () => new PgDriver(await client({ types: backwards })),
  makeUnprepared: async () => new PgDriver(await client(), { prepare: false }),
  makeEnded: async () => {
    const ended = new pg.Client(inject("databaseUrl"))
    await ended.connect()
    await ended.end()
    return new PgDriver(ended)
  },
  inTransaction: async (end, work) => {
    const callers = await client({ types: backwards })
    await callers.query("begin")
    await work(PgDriver.inTransaction(callers))
    await callers.query(end)
  },
}

const withPool: DriverSetup = {
  ...withClient,
  reconnects: true,
  make: async () => new PgPoolDriver(pool()),
  makeOdd: async () => new PgPoolDriver(pool({ types: backwards })),
  makeUnprepared: async () => new PgPoolDriver(pool(), { prepare: false }),
  makeEnded: async () => {
    const ended = new pg.Pool({ connectionString: inject("databaseUrl") })
    await ended.end()
    return new PgPoolDriver(ended)
  },
  inTransaction: async (end, work) => {
    const callers = await pool().connect()
    await callers.query("begin")
    await work(new PgPoolDriver(pool()).joinTransaction(callers))
    await callers.query(end)
    callers.release()
  },
}

const withPoolOfOne: DriverSetup = {
  ...withPool,
  make: async () => new PgPoolDriver(pool({ max: 1 }), { listenUrl: inject("databaseUrl") }),
}

function sql(options: postgres.Options<Record<string, postgres.PostgresType>> = {}): postgres.Sql {
  const made = postgres(inject("databaseUrl"), { max: 4, onnotice() {}, ...options })
  onTestFinished(() => made.end({ timeout: 1 }))
  return made as unknown as postgres.Sql
}

const odd: postgres.Options<Record<string, postgres.PostgresType>> = {
  transform: { ...postgres.camel, undefined: null, value: { from: () => "transformed" } },
  types: {
    bigint: postgres.BigInt,
    text: { to: 25, from: [25], serialize: () => "serialized", parse: () => "parsed" },
    json: { to: 114, from: [114, 3802], serialize: () => "1", parse: () => "parsed" },
    time: { to: 1184, from: [1184], serialize: () => "now", parse: (text: string) => text },
  },
}

class RolledBack extends Error {}

const withPostgresJs: DriverSetup = {
  hasServer: true,
  reconnects: true,
  makeOther,
  make: async () => new PostgresJsDriver(sql()),
  makeOdd: async () => new PostgresJsDriver(sql(odd)),
  makeUnprepared: async () => new PostgresJsDriver(sql(), { prepare: false }),
  makeEnded: async () => {
    const ended = postgres(inject("databaseUrl"))
    await ended.end()
    return new PostgresJsDriver(ended)
  },
  inTransaction: async (end, work) => {
    const begun = sql(odd).begin(async (transaction) => {
      await work(PostgresJsDriver.inTransaction(transaction))
      if (end === "rollback") throw new RolledBack()
    })
    await begun.catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error
    })
  },
}

const withPostgresJsOfOne: DriverSetup = {
  ...withPostgresJs,
  make: async () => new PostgresJsDriver(sql({ max: 1 }), { listenUrl: inject("databaseUrl") }),
  makeUnprepared: async () => new PostgresJsDriver(sql({ max: 1, prepare: false })),
}

let started: Promise<PGlite> | undefined
const database = () => (started ??= PGlite.create())
afterAll(async () => (await started)?.close())

const withPglite: DriverSetup = {
  hasServer: false,
  reconnects: true,
  makeOther: async (first) => first,
  make: async () => new PgliteDriver(await database()),
  makeOdd: async () => {
    const oddly = await database()
    const before = { ...oddly.parsers }
    for (const type of Object.keys(before)) oddly.parsers[type] = () => "parsed"
    onTestFinished(() => void Object.assign(oddly.parsers, before))
    return new PgliteDriver(oddly)
  },
  makeEnded: async () => {
    const ended = await PGlite.create()
    await ended.close()
    return new PgliteDriver(ended)
  },
  inTransaction: async (end, work) => {
    await (await database()).transaction(async (transaction) => {
      await work(PgliteDriver.inTransaction(transaction))
      if (end === "rollback") await transaction.rollback()
    })
  },
}

describeDriverContract("PgDriver", withClient)
describeDriverContract("PgPoolDriver", withPool)
describeDriverContract("PgPoolDriver on a pool of one", withPoolOfOne)
describeDriverContract("PostgresJsDriver", withPostgresJs)
describeDriverContract("PostgresJsDriver on a pool of one", withPostgresJsOfOne)
describeDriverContract("PgliteDriver", withPglite)
