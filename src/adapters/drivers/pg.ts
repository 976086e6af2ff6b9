export type { PgClient, PgNotification, PgPool, PgPoolClient, PgResult, PgStatement } from "./pg-client.js"
export { PgDriver } from "./pg-driver.js"
export type { PgDriverOptions } from "./pg-driver-options.js"
export { PgPoolDriver } from "./pg-pool-driver.js"
