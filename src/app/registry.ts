import { PgQueuerError } from "../domain/errors.js"
import { show } from "../domain/options.js"

/** What is registered under names, before `run`. */
export class Registry<T> {
  readonly #what: "entrypoint" | "schedule"
  readonly #entries = new Map<string, T>()
  #users = 0

  constructor(what: "entrypoint" | "schedule") {
    this.#what = what
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** @throws PgQueuerError `PGQ_WORKER_STATE` while the entries are in use, `PGQ_OPTION_INVALID` for a name that has one */
  add(name: string, entry: T): void {
    if (this.#users > 0) {
      throw new PgQueuerError("PGQ_WORKER_STATE", `the ${this.#what} ${show(name)} comes after run`, {
        remedy: `Register each ${this.#what} first, then call run.`,
      })
    }
    if (this.#entries.has(name)) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `the ${this.#what} ${show(name)} is registered already`, {
        remedy: `Register each ${this.#what} once.`,
      })
    }
    this.#entries.set(name, entry)
  }

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` for a name that is not registered */
  keepOnly(names: readonly string[]): void {
    const unknown = names.find((name) => !this.#entries.has(name))
    if (unknown !== undefined) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `no handler is registered for the ${this.#what} ${show(unknown)}`, {
        remedy: `Registered: ${this.names.join(", ") || "none"}.`,
      })
    }
    for (const name of this.names) if (!names.includes(name)) this.#entries.delete(name)
  }

  /** Lets the entries be used; none can be added meanwhile. */
  async lend<U>(use: (entries: ReadonlyMap<string, T>) => Promise<U>): Promise<U> {
    this.#users++
    try {
      return await use(this.#entries)
    } finally {
      this.#users--
    }
  }
}
