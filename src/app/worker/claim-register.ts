/** The claims that this worker knows of: it holds one of their jobs, or still has to report one. */
export class ClaimRegister {
  readonly #jobs = new Map<string, number>()

  add(token: string): void {
    this.#jobs.set(token, (this.#jobs.get(token) ?? 0) + 1)
  }

  remove(token: string): void {
    const left = (this.#jobs.get(token) ?? 0) - 1
    if (left > 0) this.#jobs.set(token, left)
    else this.#jobs.delete(token)
  }

  has(token: string): boolean {
    return this.#jobs.has(token)
  }

  clear(): void {
    this.#jobs.clear()
  }
}
