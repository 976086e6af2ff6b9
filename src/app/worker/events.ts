import type { Job } from "../../domain/job.js"
import type { Status } from "../../domain/status.js"

/** What a worker tells its own process. A listener that throws harms nothing. */
export interface WorkerEvents {
  /** `waitMs`: from when it could start until now, for a first attempt; else null. */
  started: { readonly job: Job; readonly waitMs: number | null }
  ended: { readonly job: Job; readonly status: Status; readonly runMs: number; readonly error?: unknown }
  retried: { readonly job: Job; readonly runMs: number; readonly delayMs: number; readonly error: unknown }
  rescued: { readonly id: string; readonly entrypoint: string; readonly rescues: number; readonly failed: boolean }
  "lease-lost": { readonly job: Job }
  /** A background failure: the duty that failed will be retried. */
  error: { readonly duty: string; readonly error: unknown }
}

export type EventListener<E extends keyof WorkerEvents> = (event: WorkerEvents[E]) => void

/** Listeners by event. */
export class EventHub {
  readonly #listeners = new Map<keyof WorkerEvents, Set<(event: never) => void>>()
  readonly #onListenerError: (event: string, error: unknown) => void

  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError
  }

  /** @returns a function that takes the listener off again */
  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  has(event: keyof WorkerEvents): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0
  }

  emit<E extends keyof WorkerEvents>(event: E, value: WorkerEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        ;(listener as EventListener<E>)(value)
      } catch (error) {
        this.#onListenerError(event, error)
      }
    }
  }
}
