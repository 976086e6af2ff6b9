import { SyncPgDriver, SyncQueries } from "pgqueuer/sync"

const driver = new SyncPgDriver({ host: process.env["PGHOST"] }, { timeout: "5s" })
const queries = new SyncQueries(driver)

const [id] = queries.enqueue("fetch", { user: 7 })

driver.transaction((transaction) => {
  transaction.query("select 1")
  new SyncQueries(transaction).enqueue("fetch", { after: id })
})

driver.close()
