export type {
  PostgresJsOptions,
  PostgresJsSql,
  PostgresJsStatements,
  PostgresJsTransaction,
} from "./postgres-js-client.js"
export { PostgresJsDriver, type PostgresJsDriverOptions } from "./postgres-js-driver.js"
