/** Jobs that a worker holds and does not run yet, highest priority first, then oldest. */
export class WaitingLine<T extends { readonly rank: number; readonly seq: number }> {
  #items: T[] = []
  #next = 0

  get size(): number {
    return this.#items.length - this.#next
  }

  add(items: readonly T[]): void {
    if (items.length === 0) return
    const sorted = [...items].sort(before)
    const left = this.#items.slice(this.#next)
    this.#next = 0
    const last = left.at(-1)
    this.#items =
      last === undefined || before(last, sorted[0]!) <= 0 ? [...left, ...sorted] : [...left, ...sorted].sort(before)
  }

  get head(): T | undefined {
    return this.#items[this.#next]
  }

  shift(): T | undefined {
    return this.#next < this.#items.length ? this.#items[this.#next++] : undefined
  }

  /** Takes all that is left. */
  clear(): T[] {
    const left = this.#items.slice(this.#next)
    this.#items = []
    this.#next = 0
    return left
  }

  /** Takes those of which this is true. */
  take(wanted: (item: T) => boolean): T[] {
    const taken = this.#items.slice(this.#next).filter(wanted)
    if (taken.length > 0) this.#items = this.clear().filter((item) => !taken.includes(item))
    return taken
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = this.#next; index < this.#items.length; index++) yield this.#items[index]!
  }
}

function before(
  a: { readonly rank: number; readonly seq: number },
  b: { readonly rank: number; readonly seq: number },
): number {
  return a.rank - b.rank || a.seq - b.seq
}
