/** What is left out of a scrape by name is summed up under this one. */
export const otherName = "__other__"

/** A label whose values come from outside, so that there may be any number of them. */
export type OpenLabel = "entrypoint" | "schedule" | "worker"

/**
 * Which names a label shows: the first so many. A name that has been shown stays, since a counter that is shown now by name and now
 * among the others would fall.
 */
export class ShownNames {
  readonly #most: number
  readonly #shown = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  /** Shows as many of the names as there is room for; answers with how many it does not show. */
  admit(names: Iterable<string>): number {
    let hidden = 0
    for (const name of names) {
      if (this.#shown.has(name)) continue
      if (this.#shown.size < this.#most && name !== otherName) this.#shown.add(name)
      else hidden++
    }
    return hidden
  }

  has(name: string): boolean {
    return this.#shown.has(name)
  }
}
