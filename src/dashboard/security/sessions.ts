import { randomUUID } from "node:crypto"
import { isPerson, type Person } from "../person.js"
import type { Signature } from "./signature.js"

/** A session ends after twelve hours, whatever is done in it: a working day. */
export const sessionMs = 12 * 3_600_000

interface Session extends Person {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Who has logged in, kept in a signed cookie. Only those who have logged out are remembered here. */
export class Sessions {
  readonly #signature: Signature
  readonly #now: () => number
  readonly #ended = new Map<string, number>()

  constructor(signature: Signature, now: () => number) {
    this.#signature = signature
    this.#now = now
  }

  begin({ name, role }: Person): string {
    const session: Session = { id: randomUUID(), name, role, until: this.#now() + sessionMs }
    return this.#signature.sign("session", Buffer.from(JSON.stringify(session)).toString("base64url"))
  }

  find(cookie: string): Person | undefined {
    const session = this.#open(cookie)
    return session === undefined ? undefined : { name: session.name, role: session.role }
  }

  end(cookie: string): void {
    const session = this.#open(cookie)
    for (const [id, until] of this.#ended) if (until < this.#now()) this.#ended.delete(id)
    if (session !== undefined) this.#ended.set(session.id, session.until)
  }

  #open(cookie: string): Session | undefined {
    const text = this.#signature.open("session", cookie)
    if (text === undefined) return undefined
    const session: unknown = JSON.parse(Buffer.from(text, "base64url").toString())
    if (!isPerson(session)) return undefined
    const { until, id } = session as Session
    return until > this.#now() && !this.#ended.has(id) ? (session as Session) : undefined
  }
}
