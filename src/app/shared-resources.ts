import { disposeAll } from "./dispose.js"

/** What was given to a worker for its handlers. Its halves may run apart: the last one that ends disposes it. */
export class SharedResources {
  readonly value: unknown
  #users = 0

  constructor(value: object) {
    this.value = value
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work()
    } finally {
      if (--this.#users === 0) await disposeAll(Object.values(this.value as object))
    }
  }
}
