import { execFile } from "node:child_process"
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import { PgQueuerError } from "../../domain/errors.js"
import { environmentFor } from "./environment.js"
import { executable, type PostgresBinaries } from "./find-binaries.js"
import { reachableFolder } from "./reachable-folder.js"
import type { ServerUser } from "./server-user.js"

const run = promisify(execFile)

/** Binaries that have answered `postgres --version` under the server's user. */
export interface ReadyBinaries {
  readonly binDirectory: string
  /** As PostgreSQL says it: `18.4`. */
  readonly version: string
}

/**
 * The first of the found binaries that runs here under the server's user: with the package's missing links made,
 * and copied to a folder which that user can read where theirs is closed to it or cannot be written.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_FAILED` when none of them runs, with the reason of each
 */
export async function prepareBinaries(
  found: readonly PostgresBinaries[],
  user: ServerUser | undefined,
): Promise<ReadyBinaries> {
  const reasons: string[] = []
  for (const binaries of found) {
    try {
      return await prepare(binaries, user)
    } catch (error) {
      reasons.push(`${binaries.binDirectory}: ${error instanceof Error ? error.message.trim() : String(error)}`)
    }
  }
  throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `No PostgreSQL binaries run here.\n${reasons.join("\n")}`, {
    remedy: "Install your system's package `postgresql`, or name a folder with `binDirectory`.",
  })
}

async function prepare(binaries: PostgresBinaries, user: ServerUser | undefined): Promise<ReadyBinaries> {
  const { binDirectory, packageDirectory } = binaries
  if (packageDirectory === null) return { binDirectory, version: await versionOf(binDirectory, user) }
  try {
    await makeLinks(packageDirectory)
    return { binDirectory, version: await versionOf(binDirectory, user) }
  } catch {
    const copy = join(await copyOf(packageDirectory, user), "native", "bin")
    return { binDirectory: copy, version: await versionOf(copy, user) }
  }
}

async function versionOf(binDirectory: string, user: ServerUser | undefined): Promise<string> {
  const options = { ...user, cwd: "/", env: environmentFor(process.env), timeout: 20_000 }
  const { stdout } = await run(executable(binDirectory, "postgres"), ["--version"], options)
  const version = /\(PostgreSQL\) (\S+)/.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`an unknown answer to --version: ${stdout}`)
  return version
}

/** npm packages cannot hold links, so the package lists them, for an install script that npm may not run. */
async function makeLinks(packageDirectory: string): Promise<void> {
  const list = await readFile(join(packageDirectory, "native", "pg-symlinks.json"), "utf8").catch(() => "[]")
  for (const { source, target } of JSON.parse(list) as readonly { source: string; target: string }[]) {
    const link = join(packageDirectory, target)
    if (await exists(link)) continue
    await rm(link, { force: true })
    await symlink(relative(dirname(link), join(packageDirectory, source)), link).catch((error) => {
      if (error.code !== "EEXIST") throw error
    })
  }
}

async function copyOf(packageDirectory: string, user: ServerUser | undefined): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageDirectory, "package.json"), "utf8")) as { version: string }
  const parent = await reachableFolder([tmpdir(), "/tmp", "/var/tmp"], user)
  const name = `pgqueuer-postgres-${manifest.version}-${basename(packageDirectory)}-${process.getuid?.() ?? "user"}`
  const folder = join(parent, name)
  if (await isOurs(folder)) {
    if (await isComplete(folder, packageDirectory)) return folder
    await discard(folder)
  }
  const made = await mkdtemp(`${folder}-`)
  try {
    await cp(join(packageDirectory, "native"), join(made, "native"), { recursive: true, verbatimSymlinks: true })
    await makeLinks(made)
    await openToAll(made)
    await rename(made, folder)
  } catch (error) {
    await rm(made, { recursive: true, force: true })
    // Another process was quicker with the same copy.
    if (!(await isOurs(folder))) throw error
  }
  return folder
}

/** Whoever owns the folder decides what we execute: nobody but us may. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (found === undefined) return false
  const uid = process.getuid?.()
  if (found.isDirectory() && (uid === undefined || (found.uid === uid && (found.mode & 0o022) === 0))) return true
  throw new Error(`${folder} is in the way: it does not belong to this user alone`)
}

/** Folders for temporary files are swept by age, file by file. */
async function isComplete(copy: string, packageDirectory: string): Promise<boolean> {
  const files = await readdir(join(packageDirectory, "native"), { recursive: true })
  const present = await Promise.all(files.map((file) => exists(join(copy, "native", file))))
  return present.every(Boolean)
}

async function discard(folder: string): Promise<void> {
  const away = await mkdtemp(`${folder}-old-`)
  await rename(folder, join(away, "copy")).catch(() => {})
  await rm(away, { recursive: true, force: true })
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const executableOrFolder = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0
    await chmod(path, executableOrFolder ? 0o755 : 0o644)
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
