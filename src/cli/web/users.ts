import { readFileSync } from "node:fs"
import type { Role, User } from "../../dashboard/index.js"
import { usageError } from "../usage.js"

const roles: readonly Role[] = ["viewer", "operator", "admin"]

/**
 * Who may log in: the one in PGQUEUER_WEB_AUTH, and those in the file. Nothing of a credential gets into an error.
 *
 * @throws PgQueuerError `PGQ_USAGE`
 */
export function readUsers(authFile: string | undefined): readonly User[] {
  const own = process.env["PGQUEUER_WEB_AUTH"] || undefined
  return [...(own === undefined ? [] : [userOf(own)]), ...(authFile === undefined ? [] : usersIn(authFile))]
}

function userOf(text: string): User {
  const [, name, password] = /^([^:]+):(.+)$/s.exec(text) ?? []
  if (name !== undefined && password !== undefined) return { name, password }
  throw usageError("PGQUEUER_WEB_AUTH is not of the form name:password", "Write: PGQUEUER_WEB_AUTH=ann:secret")
}

function usersIn(file: string): readonly User[] {
  const users = read(file)
    .split(/\r?\n/)
    .flatMap((line, index) =>
      line.trim() === "" || line.startsWith("#") ? [] : [lineOf(line, `line ${index + 1} of ${file}`)],
    )
  if (users.length > 0) return users
  throw usageError(`${file} names nobody`, "Write a line for each person: name:password, and behind a space a role.")
}

function lineOf(line: string, place: string): User {
  const [, name, password, role] = /^([^:\s]+):(\S+)(?:\s+(\w+))?\s*$/.exec(line) ?? []
  const known = roles.find((one) => one === role)
  if (name !== undefined && password !== undefined && (role === undefined || known !== undefined)) {
    return { name, password, ...(known === undefined ? {} : { role: known }) }
  }
  throw usageError(
    `${place} is not name:password, or name:password and a role`,
    `Roles: ${roles.join(", ")}; without one: admin.`,
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    throw usageError(
      `--auth-file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      "Give a file that this user may read.",
    )
  }
}
