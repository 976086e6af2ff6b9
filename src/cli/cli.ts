import type { Terminal } from "./terminal.js"

/** What every command works with. */
export interface Cli {
  readonly terminal: Terminal
  /** 0 done, 1 failed, 2 wrong usage. */
  exitCode: number
}

/** The options that stand before or after any command. */
export interface GlobalOptions {
  readonly dsn?: string
  readonly embedded?: true
  readonly schema?: string
  readonly prefix?: string
  readonly json?: true
  readonly debug?: true
}
