import { execFile } from "node:child_process"
import { readFile, readlink, realpath } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** What a running server writes into its data folder: https://www.postgresql.org/docs/current/storage-file-layout.html */
interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** `starting`, `ready`, `stopping`; the file stays behind when the server was killed. */
  readonly status: string
}

export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")
  const lines = text.split("\n").map((line) => line.trim())
  const pid = Number(lines[0])
  if (lines[0] === "" || !Number.isInteger(pid)) return undefined
  return { pid, port: Number(lines[3]), status: lines[7] ?? "" }
}

/** Whether this pid is the server of this data folder, and not a later process that got the number of a dead one. */
export async function isPostmasterOf(pid: number, data: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const folder = await realpath(data)
  if (process.platform === "linux") {
    // A server stands in its data folder for all its life.
    const standsIn = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
    return standsIn === folder
  }
  if (process.platform === "win32") return true
  const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({ stdout: "" }))
  return stdout.includes(data) || stdout.includes(folder)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
