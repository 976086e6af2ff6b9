export { SyncPgDriver, type SyncPgDriverOptions, type SyncQueryable } from "./adapters/drivers/sync-pg.js"
