import type { Clock, Timer } from "../../ports/clock.js"

/** Between two looks at what a page shows; a page whose reading takes long waits longer by itself. */
const everyMs = 2_000

export type LiveState =
  | { readonly kind: "read"; readonly data: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  /** Nothing comes any more. */
  | { readonly kind: "closed" }

interface Watched {
  readonly listeners: Set<(state: LiveState) => void>
  timer: Timer | undefined
}

/** Reads pages again and again while somebody looks: once for all who look at the same one, and not at all when nobody does. */
export class LiveHub {
  readonly #clock: Clock
  readonly #watched = new Map<string, Watched>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Tells the listener what is read from now on, until the function is called that it answers with.
   *
   * @param key - the same for all who would read the same
   */
  watch(key: string, read: () => Promise<unknown>, listener: (state: LiveState) => void): () => void {
    const watched = this.#watched.get(key) ?? { listeners: new Set(), timer: undefined }
    watched.listeners.add(listener)
    if (!this.#watched.has(key)) {
      this.#watched.set(key, watched)
      this.#schedule(key, watched, read)
    }
    return () => {
      watched.listeners.delete(listener)
      if (watched.listeners.size > 0 || this.#watched.get(key) !== watched) return
      watched.timer?.cancel()
      this.#watched.delete(key)
    }
  }

  /** Tells all who watch that nothing comes any more. */
  close(): void {
    const all = [...this.#watched.values()]
    this.#watched.clear()
    for (const { timer, listeners } of all) {
      timer?.cancel()
      for (const listener of [...listeners]) listener({ kind: "closed" })
    }
  }

  #schedule(key: string, watched: Watched, read: () => Promise<unknown>): void {
    watched.timer = this.#clock.after(everyMs, () => {
      void attempt(read).then((state) => {
        for (const listener of watched.listeners) listener(state)
        if (this.#watched.get(key) === watched) this.#schedule(key, watched, read)
      })
    })
  }
}

async function attempt(read: () => Promise<unknown>): Promise<LiveState> {
  try {
    return { kind: "read", data: await read() }
  } catch (error) {
    return { kind: "failed", error }
  }
}
