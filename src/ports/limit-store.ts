/** What code says about the limits of one of a worker's entrypoints. */
export interface CodeLimits {
  readonly entrypoint: string
  readonly concurrencyLimit: number | null
  readonly requestsPerSecond: number | null
}

/** What counts now for one entrypoint: what was set by hand, else what code says. */
export interface Rule extends CodeLimits {
  readonly paused: boolean
}

/** A worker's wishes about one limited entrypoint. */
export interface SlotRequest {
  readonly entrypoint: string
  /** Jobs of it that the worker holds: its slots cover them, whatever the limit. */
  readonly held: number
  /** Slots that it could fill now, and those that it could fill soon. */
  readonly needed: number
  readonly ahead: number
  /** Slots that it does not use, and how many of these it gives back at least. */
  readonly spare: number
  readonly returned: number
  readonly starts: number
  /** Of these: for jobs that it holds already. */
  readonly waiting: number
}

/** What the worker has from then on. */
export interface Lending {
  readonly entrypoint: string
  readonly lease: string
  readonly slots: number
  /** How many slots all workers together have over the limit. */
  readonly over: number
  /** So many starts, the first in so many ms, so many ms apart. */
  readonly starts: number
  readonly firstInMs: number
  readonly apartMs: number | null
  /** Where no start was free: when to ask again. */
  readonly againInMs: number | null
}

/** What all workers share about limited and paused entrypoints. Each call is one statement and one transaction. */
export interface LimitStore {
  /** Writes down the limits in code; answers with what was written there before, where that was something else. */
  registerEntrypoints(limits: readonly CodeLimits[]): Promise<readonly (CodeLimits & { readonly wasKnown: boolean })[]>
  readRules(): Promise<{ readonly rules: string | null; readonly all: readonly Rule[] }>
  leaseSlots(workerId: string, requests: readonly SlotRequest[], horizonMs: number): Promise<readonly Lending[]>
  /** New ids for all leases of the worker; what was claimed under the old ones is committed or never will be. */
  renewLeases(workerId: string): Promise<readonly { readonly entrypoint: string; readonly lease: string }[]>
  /** Frees the slots of workers that are gone. */
  freeLeases(): Promise<void>
}
