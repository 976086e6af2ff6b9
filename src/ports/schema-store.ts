/** What the database says about its schema. */
export interface SchemaState {
  readonly version: number
  /** The oldest version that code may have been written for and still work here. */
  readonly serves: number
}

/** Creates, upgrades, checks and removes the tables. */
export interface SchemaStore {
  /** The version that this code is written for. */
  readonly codeVersion: number
  readState(): Promise<SchemaState | undefined>
  /** Applies what is missing; answers with the versions that it applied. */
  migrate(): Promise<readonly number[]>
  /** The SQL of all steps after a version, as psql runs it. */
  script(fromVersion: number): string
  uninstall(): Promise<void>
  /** Names of tables, views and indexes that should be there and are not. */
  findMissing(): Promise<readonly string[]>
}
