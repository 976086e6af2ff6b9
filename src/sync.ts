export { SyncPgDriver, type SyncPgDriverOptions, type SyncQueryable } from "./adapters/drivers/sync-pg.js"
export { type SyncBatchOptions, type SyncEnqueueOptions, SyncQueries, type SyncQueriesOptions } from "./sync-queries.js"
