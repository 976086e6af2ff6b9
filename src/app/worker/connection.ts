import { hasCode } from "../../domain/errors.js"
import type { Driver, Session } from "../../ports/driver.js"
import type { WorkerStore } from "../../ports/worker-store.js"

/** A session that a worker keeps for itself, opened when needed and again after it broke. */
export class Connection {
  readonly #driver: Driver
  readonly #makeStore: (session: Session) => WorkerStore
  #open: Promise<{ readonly session: Session; readonly store: WorkerStore }> | undefined

  constructor(driver: Driver, makeStore: (session: Session) => WorkerStore) {
    this.#driver = driver
    this.#makeStore = makeStore
  }

  async use<T>(work: (store: WorkerStore) => Promise<T>): Promise<T> {
    const opening = this.#open ?? this.#connect()
    const { session, store } = await opening
    try {
      return await work(store)
    } catch (error) {
      if (isBroken(error)) await this.#drop(opening, session)
      throw error
    }
  }

  async close(): Promise<void> {
    const opening = this.#open
    this.#open = undefined
    // A connection that could not be opened has nothing to give back.
    const opened = await opening?.catch(() => undefined)
    await opened?.session.release()
  }

  #connect() {
    const opening = this.#driver.session().then((session) => {
      session.onLost(() => void this.#drop(opening, session))
      return { session, store: this.#makeStore(session) }
    })
    this.#open = opening
    opening.catch(() => {
      if (this.#open === opening) this.#open = undefined
    })
    return opening
  }

  async #drop(opening: Promise<unknown>, session: Session): Promise<void> {
    if (this.#open === opening) this.#open = undefined
    await session.release({ discard: true })
  }
}

/** Whether nobody knows what state the connection is in. */
function isBroken(error: unknown): boolean {
  return hasCode(
    error,
    "PGQ_CONNECTION_LOST",
    "PGQ_CONNECTION_FAILED",
    "PGQ_TIMEOUT",
    "PGQ_ABORTED",
    "PGQ_DRIVER_CLOSED",
  )
}
