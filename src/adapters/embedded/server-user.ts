import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"
import { PgQueuerError } from "../../domain/errors.js"

const run = promisify(execFile)

/** Whom the server runs as when that is not ourselves. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root, so root lends it another user: the one that owns the data already, else `nobody`,
 * `postgres`, or the number that is `nobody` nearly everywhere.
 *
 * @param dataOwner - the owner of data from an earlier start, if there is any
 * @returns undefined when the server runs as ourselves
 * @throws PgQueuerError `PGQ_EMBEDDED_FAILED` when root may not become anybody else, as in some containers
 */
export async function chooseServerUser(dataOwner: ServerUser | undefined): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const known = await knownUsers()
  const candidates = dataOwner !== undefined && dataOwner.uid !== 0 ? [dataOwner] : known
  let refusal: unknown
  for (const user of candidates) {
    try {
      await run("/bin/sh", ["-c", ":"], { ...user, cwd: "/" })
      return user
    } catch (error) {
      refusal = error
    }
  }
  throw new PgQueuerError(
    "PGQ_EMBEDDED_FAILED",
    `PostgreSQL does not run as root, and root may not become user ${candidates.map((user) => user.uid).join(" or ")} here`,
    { remedy: "Run as a normal user, or give the URL of a PostgreSQL server of your own.", cause: refusal },
  )
}

/** Whether the server's user can get into a folder: it also needs a right on every folder above. */
export async function canEnter(folder: string, user: ServerUser | undefined): Promise<boolean> {
  if (user === undefined) return true
  return run("/bin/sh", ["-c", '[ -x "$0" ]', folder], { ...user, cwd: "/" }).then(
    () => true,
    () => false,
  )
}

async function knownUsers(): Promise<readonly ServerUser[]> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"))
  const named = ["nobody", "postgres"].flatMap((name) => {
    const line = lines.find((fields) => fields[0] === name)
    return line === undefined ? [] : [{ uid: Number(line[2]), gid: Number(line[3]) }]
  })
  return [...named.filter((user) => user.uid !== 0), { uid: 65534, gid: 65534 }]
}
