/** What the thread of the health endpoint starts with. The arrays are shared. */
export interface HealthThreadStart {
  readonly host: string
  readonly port: number
  /** When the event loop was last seen to turn, as `hrtime.bigint` says it: the same in all threads. */
  readonly signOfLife: BigInt64Array
  readonly heartbeatTimeoutMs: Int32Array
}

export type FromHealthThread =
  | { readonly kind: "open"; readonly url: string }
  | {
      readonly kind: "failed"
      readonly message: string
      readonly code: string | undefined
      readonly remedy: string | undefined
    }
  | { readonly kind: "asked"; readonly id: number; readonly method: string; readonly url: string }

/** What the worker answers to a request. */
export interface ToHealthThread {
  readonly id: number
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
