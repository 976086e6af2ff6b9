import type { Report } from "../../ports/worker-store.js"
import type { Gate } from "./gate.js"

/** The jobs of limited entrypoints that count as held, with the claim under which each is held. */
export class HeldJobs {
  readonly #jobs = new Map<string, HeldJob>()

  get size(): number {
    return this.#jobs.size
  }

  add(id: string, token: string, gate: Gate): void {
    this.#jobs.set(id, { token, gate })
  }

  /** The gate of a reported job. A report that was sent again may be about a job that is held no more, or under another claim. */
  gateOf({ id, token }: Report): Gate | undefined {
    const held = this.#jobs.get(id)
    return held?.token === token ? held.gate : undefined
  }

  /** Takes a reported job out. */
  take(report: Report): Gate | undefined {
    const gate = this.gateOf(report)
    if (gate !== undefined) this.#jobs.delete(report.id)
    return gate
  }

  drop(gate: Gate): void {
    for (const [id, held] of this.#jobs) if (held.gate === gate) this.#jobs.delete(id)
  }

  clear(): void {
    this.#jobs.clear()
  }
}

interface HeldJob {
  readonly token: string
  readonly gate: Gate
}
