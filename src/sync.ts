export { SyncPgDriver, type SyncPgDriverOptions, type SyncQueryable } from "./adapters/drivers/sync-pg.js"
export { SyncQueries, type SyncQueriesOptions } from "./sync-queries.js"
