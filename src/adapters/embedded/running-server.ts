import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { isPostmasterOf, readPostmasterFile } from "./postmaster-file.js"

/** A server that another process started and owns. */
interface RunningServer {
  /** As `EmbeddedPostgres.url`. */
  readonly url: string
  readonly pid: number
}

/** The server that runs on the kept data of this folder now, if one does and this user may use it. */
export async function findRunningServer(dataDirectory: string): Promise<RunningServer | undefined> {
  const given = resolve(dataDirectory)
  const elsewhere = (await readFile(join(given, "location"), "utf8").catch(() => "")).trim()
  const cluster = join(elsewhere === "" ? given : elsewhere, "cluster")
  const password = (await readFile(join(cluster, "password"), "utf8").catch(() => "")).trim()
  const data = join(cluster, "data")
  const found = await readPostmasterFile(data)
  if (password === "" || found?.status !== "ready" || !(await isPostmasterOf(found.pid, data))) return undefined
  return { url: `postgres://postgres:${password}@127.0.0.1:${found.port}/postgres`, pid: found.pid }
}
