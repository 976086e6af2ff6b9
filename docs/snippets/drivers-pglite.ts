import { PGlite } from "@electric-sql/pglite"
import { PgQueuer, Queries } from "pgqueuer"
import { PgliteDriver } from "pgqueuer/pglite"

const database = await PGlite.create() // or a folder: PGlite.create("./data")
const driver = new PgliteDriver(database)
const queries = new Queries(driver)
await queries.install()
await queries.enqueue("fetch", { user: 7 })

await database.transaction(async (transaction) => {
  await queries.enqueue("fetch", { user: 8 }, { transaction })
})

const pgq = new PgQueuer(driver)
pgq.entrypoint("fetch", () => {})
await pgq.run({ mode: "drain" })
await database.close()
