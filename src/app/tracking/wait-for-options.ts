import type { Duration } from "../../domain/duration.js"

export interface WaitForOptions {
  /** How long to wait, 1 ms to 24 days; then the call rejects with `PGQ_TIMEOUT`, and the job goes on. Default: for ever. */
  readonly timeout?: Duration
  /** Aborted, the call rejects with `PGQ_ABORTED`, and the job goes on. */
  readonly signal?: AbortSignal
}
