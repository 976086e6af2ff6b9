/** After so many wrong ones within the time nobody from that address gets in, not even with a right one. */
const mostFailures = 10
const withinMs = 5 * 60_000
/** Addresses that are remembered; beyond that the oldest is forgotten. */
const mostAddresses = 10_000

/** Counts failed logins by address. Where addresses are not known, all count as one. */
export class LoginLimit {
  readonly #now: () => number
  readonly #failures = new Map<string, number[]>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Seconds until the next try is allowed; 0 when it is now. */
  waitSeconds(address = ""): number {
    const recent = this.#recent(address)
    return recent.length < mostFailures ? 0 : Math.ceil((recent[0]! + withinMs - this.#now()) / 1_000)
  }

  failed(address = ""): void {
    const recent = this.#recent(address)
    this.#failures.delete(address)
    this.#failures.set(address, [...recent, this.#now()])
    if (this.#failures.size > mostAddresses) this.#failures.delete(this.#failures.keys().next().value!)
  }

  #recent(address: string): number[] {
    return (this.#failures.get(address) ?? []).filter((at) => at > this.#now() - withinMs)
  }
}
