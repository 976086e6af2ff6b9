/** Any object with these four methods: `console`, pino, winston and the like. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Small values that a machine can read; never a payload. */
export type LogFields = Readonly<Record<string, unknown>>

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
