/** Sends heartbeats from a thread of its own, for a worker whose handlers hold up the event loop. */
export interface HeartbeatThread {
  /** From now on it beats for this worker, and at once. */
  beatFor(workerId: string): void
  /** Milliseconds since it sent the last heartbeat that reached the database; Infinity before the first. Asks nobody. */
  ageMs(): number
  stop(): Promise<void>
}

/** Resolves when its connection stands. `onFailure` hears when heartbeats begin to fail. */
export type OpenHeartbeatThread = (intervalMs: number, onFailure: (error: unknown) => void) => Promise<HeartbeatThread>
