import { createHash, timingSafeEqual } from "node:crypto"
import { PgQueuerError } from "../../domain/errors.js"
import { type Person, type Role, roles } from "../person.js"

/** Who may log in, and with what. */
export interface Credentials {
  /** The person with this name and password; undefined for a wrong one. */
  find(name: string, password: string): Person | undefined
  /** The person with this token. */
  findByToken(token: string): Person | undefined
}

export interface User {
  readonly name: string
  readonly password: string
  /** Default `"admin"`. */
  readonly role?: Role
}

export interface CredentialsOptions {
  readonly users?: readonly User[]
  /** Lets whoever has it in as `admin`: for scripts, as `Authorization: Bearer …`, and on the login page as a password without a name. */
  readonly token?: string
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` when there is none, or an empty one */
export function credentialsOf({ users = [], token }: CredentialsOptions): Credentials {
  if (users.length === 0 && token === undefined) throw invalid("there are no credentials")
  if (token === "") throw invalid("the token is empty")
  for (const { name, password, role } of users) {
    if (name === "" || password === "") throw invalid("a name or a password is empty")
    if (role !== undefined && !roles.includes(role)) throw invalid(`there is no role ${role}`)
  }
  return {
    find(name, password) {
      // Every user is compared, and each in the same time, so that the time says nothing of who is known.
      const found = users.filter((user) => equal(user.name, name) && equal(user.password, password))
      for (const user of users) equal(user.password, password)
      const [user] = found
      return user === undefined ? undefined : { name: user.name, role: user.role ?? "admin" }
    },
    findByToken: (given) => (token !== undefined && equal(token, given) ? { name: "token", role: "admin" } : undefined),
  }
}

function equal(known: string, given: string): boolean {
  // Digests are of one length, whatever is given.
  return timingSafeEqual(digest(known), digest(given))
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}

function invalid(message: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", message, {
    remedy: `Give name:password, or name:password and one of ${roles.join(", ")}.`,
  })
}
