import type { ConnectionSettings } from "./connection-settings.js"

/** What the thread starts with. */
export interface HeartbeatStart {
  readonly connection: ConnectionSettings
  readonly statement: string
  readonly intervalMs: number
  /** The time of the last heartbeat that arrived, in microseconds of the clock that all threads of a process share; 0 for none. */
  readonly lastBeat: BigInt64Array
}

export type ToThread = { readonly kind: "beat for"; readonly workerId: string } | { readonly kind: "stop" }

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined }

export function nowUs(): bigint {
  return process.hrtime.bigint() / 1_000n
}
