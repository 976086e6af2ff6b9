import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { PgQueuerError } from "../../domain/errors.js"
import { reachableFolder } from "./reachable-folder.js"
import { canEnter, chooseServerUser, type ServerUser } from "./server-user.js"

/** The folder that a cluster lies in, and whom its server runs as. */
export interface Home {
  readonly folder: string
  readonly user: ServerUser | undefined
  /** `temporary`: the folder ends with the server, or with its owner. */
  readonly lifetime: "kept" | "temporary"
}

/** A fresh folder, under the one for temporary files when none is given. */
export async function temporaryHome(parent: string | undefined): Promise<Home> {
  const user = await chooseServerUser(undefined)
  if (parent !== undefined) await mkdir(parent, { recursive: true })
  const reachable = await reachableFolder(
    parent === undefined ? [tmpdir(), "/tmp", "/var/tmp"] : [resolve(parent)],
    user,
  )
  return { folder: await makeFolder(reachable, user), user, lifetime: "temporary" }
}

/**
 * A folder whose cluster is found again: the one given, or, where the server's user cannot get into it (a project under
 * root's home), one elsewhere, to which the file `location` in the given folder points.
 */
export async function keptHome(dataDirectory: string): Promise<Home> {
  const given = resolve(dataDirectory)
  await makeGiven(given)
  const elsewhere = await readLocation(given)
  const user = await chooseServerUser(await dataOwner(elsewhere ?? given))
  if (elsewhere !== undefined) return { folder: elsewhere, user, lifetime: "kept" }
  const folder = (await canEnter(given, user)) ? given : await settleElsewhere(given, user)
  return { folder, user, lifetime: "kept" }
}

async function makeGiven(given: string): Promise<void> {
  const made = await mkdir(given, { recursive: true })
  if (made !== undefined) await writeFile(join(given, ".gitignore"), "*\n")
  if (await exists(join(given, "PG_VERSION"))) {
    throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `${given} is a PostgreSQL data folder that was made otherwise`, {
      remedy: "Give a folder that is empty, or one of an earlier start.",
    })
  }
}

async function readLocation(given: string): Promise<string | undefined> {
  const location = (await readFile(join(given, "location"), "utf8").catch(() => "")).trim()
  if (location === "") return undefined
  const found = await stat(location).catch(() => undefined)
  // Followed only where it was written by the same user: what it points to is opened with that user's rights.
  if (found?.isDirectory() === true && found.uid === process.getuid?.()) return location
  throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `The data of ${given} should be in ${location}, but cannot be used`, {
    remedy: `Start as the user who made it; or remove ${join(given, "location")} to begin with new data.`,
  })
}

async function settleElsewhere(given: string, user: ServerUser | undefined): Promise<string> {
  // Not a folder for temporary files, where there is one: those are swept by age.
  const folder = await makeFolder(await reachableFolder(["/var/lib", "/var/tmp", tmpdir()], user), user)
  try {
    await writeFile(join(given, "location"), `${folder}\n`, { flag: "wx" })
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    const settledByAnother = await readLocation(given)
    if (settledByAnother === undefined) throw error
    return settledByAnother
  }
}

async function makeFolder(parent: string, user: ServerUser | undefined): Promise<string> {
  const folder = await mkdtemp(join(parent, "pgqueuer-"))
  if (user !== undefined) await chmod(folder, 0o711)
  return folder
}

async function dataOwner(home: string): Promise<ServerUser | undefined> {
  const found = await stat(join(home, "cluster", "data")).catch(() => undefined)
  return found === undefined ? undefined : { uid: found.uid, gid: found.gid }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
