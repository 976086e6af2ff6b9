import { randomBytes } from "node:crypto"
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { PgQueuerError } from "../../domain/errors.js"
import { environmentFor } from "./environment.js"
import { executable } from "./find-binaries.js"
import type { Home } from "./home.js"
import type { ReadyBinaries } from "./prepare-binaries.js"
import { holdOpen, startWatched } from "./watched-process.js"

/** A folder with a database cluster, the password of its superuser `postgres`, and the server's log. */
export interface Cluster {
  readonly folder: string
  readonly data: string
  readonly logFile: string
  readonly password: string
}

/**
 * The cluster in a folder, made when there is none yet. It appears there complete or not at all, so two processes
 * at once end up with the same one.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_FAILED` when it is of another major version, another user's, or cannot be made
 */
export async function openCluster(home: Home, binaries: ReadyBinaries): Promise<Cluster> {
  const folder = join(home.folder, "cluster")
  if (!(await hasCluster(folder))) await makeCluster(home, folder, binaries)
  const data = join(folder, "data")
  await checkMajor(data, binaries)
  const password = (await readFile(join(folder, "password"), "utf8").catch((error) => refuse(folder, error))).trim()
  return { folder, data, logFile: join(folder, "server.log"), password }
}

async function hasCluster(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error) => (error.code === "ENOENT" ? false : refuse(folder, error)),
  )
}

async function makeCluster(home: Home, folder: string, binaries: ReadyBinaries): Promise<void> {
  const made = await mkdtemp(join(home.folder, "making-"))
  try {
    const password = randomBytes(24).toString("base64url")
    await writeFile(join(made, "password"), `${password}\n`, { mode: 0o600 })
    if (home.user !== undefined) await chmod(made, 0o711)
    await initialize(made, password, home, binaries)
    await rename(made, folder)
  } catch (error) {
    await rm(made, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    const madeByAnother = code === "ENOTEMPTY" || code === "EEXIST"
    if (!madeByAnother) throw error
  }
}

async function initialize(made: string, password: string, home: Home, binaries: ReadyBinaries): Promise<void> {
  const data = join(made, "data")
  // initdb reads the password as the server's user, who cannot read the file that is kept.
  const passwordFile = join(made, "initdb-password")
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (home.user !== undefined) {
    await chown(data, home.user.uid, home.user.gid)
    await chown(passwordFile, home.user.uid, home.user.gid)
  }
  const logFile = join(made, "server.log")
  const initdb = await startWatched({
    command: executable(binaries.binDirectory, "initdb"),
    args: [
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      ...(home.lifetime === "temporary" ? ["--no-sync"] : []),
    ],
    workingDirectory: made,
    environment: environmentFor(process.env),
    user: home.user ?? null,
    logFile,
    orphanFolder: home.lifetime === "temporary" ? home.folder : made,
    patienceMs: 2_000,
  })
  const exit = await holdOpen(initdb.exited)
  await rm(passwordFile, { force: true })
  if (exit.how === "ended" && exit.code === 0) return
  throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `initdb failed.\n${await readFile(logFile, "utf8").catch(() => "")}`, {
    remedy: "Look at the last lines of its output, above.",
  })
}

async function checkMajor(data: string, binaries: ReadyBinaries): Promise<void> {
  const found = (await readFile(join(data, "PG_VERSION"), "utf8").catch((error) => refuse(data, error))).trim()
  if (Number.parseInt(found, 10) === Number.parseInt(binaries.version, 10)) return
  throw new PgQueuerError(
    "PGQ_EMBEDDED_FAILED",
    `${data} was written by PostgreSQL ${found}; the binaries here are PostgreSQL ${binaries.version}`,
    { remedy: `Name the binaries of PostgreSQL ${found} with \`binDirectory\`, or remove the folder and its data.` },
  )
}

function refuse(path: string, cause: NodeJS.ErrnoException): never {
  throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `${path} cannot be used: ${cause.message}`, {
    remedy: "Was it made by another user? Start as that user, choose another `dataDirectory`, or remove it.",
    cause,
  })
}
