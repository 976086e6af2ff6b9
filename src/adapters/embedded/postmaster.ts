import { randomInt } from "node:crypto"
import { open, realpath, rename, stat } from "node:fs/promises"
import { createServer } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import pg from "pg"
import { PgQueuerError } from "../../domain/errors.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { Cluster } from "./cluster.js"
import { environmentFor } from "./environment.js"
import { executable } from "./find-binaries.js"
import type { Home } from "./home.js"
import { isPostmasterOf, readPostmasterFile } from "./postmaster-file.js"
import type { ReadyBinaries } from "./prepare-binaries.js"
import type { EndSignal } from "./watchdog.js"
import { holdOpen, startWatched, type WatchedProcess } from "./watched-process.js"

/** All that it takes to start the server of a cluster, again and again. */
export interface Launch {
  readonly home: Home
  readonly cluster: Cluster
  readonly binaries: ReadyBinaries
  readonly settings: Readonly<Record<string, string>>
  readonly logger: Logger
}

/** One life of a server: it has answered on its port with its own password. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** Ends within some 10 seconds, by force in the end. Twice is once. */
  stop(signal: EndSignal): Promise<void>
}

const startTimeoutMs = 60_000
const pollMs = 15
/** Its watchdog may take so long to end the server of an owner that is gone. */
const handOverMs = 10_000
/** SIGINT so long, then SIGQUIT so long, then SIGKILL: a server without its owner is gone in less than 10 seconds. */
const patienceMs = 4_000
const portTries = 20
const longLogBytes = 10 * 1024 * 1024

/**
 * Starts the server, on a free port or on the one that an earlier life of it had.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_FAILED` with the last lines of the server's log, or with the pid of the server
 *   that holds the data already; `PGQ_ABORTED`
 */
export async function startPostmaster(
  launch: Launch,
  port: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Postmaster> {
  await waitUntilUnused(launch.cluster)
  await putAwayLongLog(launch.cluster.logFile)
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort())
    const logStart = await sizeOf(launch.cluster.logFile)
    const watched = await startWatched(await watchOrder(launch, chosen))
    const ended = await holdOpen(untilReady(launch.cluster, watched, chosen, signal))
    if (ended === "ready") return new RunningPostmaster(watched, chosen, launch)
    const log = await tail(launch.cluster.logFile, logStart)
    if (!isPortTaken(log) || attempt === portTries) throw await startFailure(launch.cluster, log)
    if (port !== undefined) await pause(250)
  }
}

class RunningPostmaster implements Postmaster {
  readonly pid: number
  readonly port: number
  readonly #watched: WatchedProcess
  readonly #launch: Launch
  #asked = false

  constructor(watched: WatchedProcess, port: number, launch: Launch) {
    this.pid = watched.pid
    this.port = port
    this.#watched = watched
    this.#launch = launch
    void watched.exited.then((exit) => {
      if (this.#asked) return
      const message = "embedded PostgreSQL ended by itself"
      logEvent(launch.logger, "embedded.ended", message, { pid: watched.pid, ...exit })
    })
  }

  async stop(signal: EndSignal): Promise<void> {
    this.#asked = true
    this.#watched.end(signal)
    const exit = await holdOpen(this.#watched.exited)
    if (exit.how === "watchdogLost") await endUnwatched(this.pid, this.#launch.cluster.data, signal)
  }
}

/** Waits for a server whose owner is gone and whose watchdog is at work, as after Ctrl-C and a quick new start. */
async function waitUntilUnused(cluster: Cluster): Promise<void> {
  const begin = performance.now()
  for (;;) {
    const found = await readPostmasterFile(cluster.data)
    if (found === undefined || !(await isPostmasterOf(found.pid, cluster.data))) return
    const waited = performance.now() - begin
    if (waited > (found.status === "stopping" ? handOverMs : 500)) throw inUse(cluster, found.pid)
    await pause(pollMs)
  }
}

async function putAwayLongLog(logFile: string): Promise<void> {
  if ((await sizeOf(logFile)) > longLogBytes) await rename(logFile, `${logFile}.1`)
}

/** Below the ports that systems give to outgoing connections: a client that retries could connect to itself there. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once("error", () => resolve(false))
      server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

async function watchOrder({ home, cluster, binaries, settings }: Launch, port: number) {
  const all = {
    ...settings,
    listen_addresses: "127.0.0.1",
    port: String(port),
    // A path to a socket may be too long for the system, and nobody needs one.
    unix_socket_directories: "",
  }
  const stale = await readPostmasterFile(cluster.data)
  return {
    command: executable(binaries.binDirectory, "postgres"),
    args: ["-D", cluster.data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    workingDirectory: cluster.folder,
    environment: {
      ...environmentFor(process.env),
      // After a power loss the pid in the old file may be another process by now, which is known here and not to the
      // server. It takes the pid in this variable for one that holds no lock:
      // https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/init/miscinit.c (CreateLockFile).
      ...(stale === undefined ? {} : { PG_GRANDPARENT_PID: String(stale.pid) }),
    },
    user: home.user ?? null,
    logFile: cluster.logFile,
    orphanFolder: home.lifetime === "temporary" ? home.folder : null,
    patienceMs,
  }
}

async function untilReady(
  cluster: Cluster,
  watched: WatchedProcess,
  port: number,
  signal: AbortSignal | undefined,
): Promise<"ready" | "ended"> {
  const begin = performance.now()
  let ended = false
  void watched.exited.then(() => {
    ended = true
  })
  try {
    for (;;) {
      if (ended) return "ended"
      signal?.throwIfAborted()
      const found = await readPostmasterFile(cluster.data)
      if (found?.pid === watched.pid && found.port === port && found.status === "ready") break
      if (performance.now() - begin > startTimeoutMs) throw startTimeout(cluster)
      await pause(pollMs)
    }
    await proveIdentity(cluster, port)
    return "ready"
  } catch (error) {
    watched.end("SIGQUIT")
    await watched.exited
    if (signal?.aborted !== true) throw error
    throw new PgQueuerError("PGQ_ABORTED", "The start of the embedded PostgreSQL was aborted", {
      remedy: "Start it again when it is wanted.",
      cause: signal.reason,
    })
  }
}

/** Whatever answers on the port must know the password and serve this data folder, before anything is done to it. */
async function proveIdentity(cluster: Cluster, port: number): Promise<void> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password: cluster.password,
    database: "postgres",
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  })
  client.on("error", () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ data: string }>("select current_setting('data_directory') as data")
    if ((await realpath(rows[0]?.data ?? "")) !== (await realpath(cluster.data))) {
      throw new Error(`the server there serves ${rows[0]?.data}`)
    }
  } catch (cause) {
    throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `Port ${port} does not answer as our server: ${String(cause)}`, {
      remedy: `Look into ${cluster.logFile}. If the password was lost, remove ${cluster.folder} and its data.`,
      cause,
    })
  } finally {
    await client.end().catch(() => {})
  }
}

async function endUnwatched(pid: number, data: string, first: EndSignal): Promise<void> {
  for (const signal of [first, "SIGQUIT", "SIGKILL"] as const) {
    const begin = performance.now()
    if (await isPostmasterOf(pid, data)) process.kill(pid, signal)
    while (performance.now() - begin < patienceMs) {
      if (!(await isPostmasterOf(pid, data))) return
      await pause(pollMs)
    }
  }
}

async function startFailure(cluster: Cluster, log: string): Promise<PgQueuerError> {
  const found = await readPostmasterFile(cluster.data)
  if (found !== undefined && log.includes('"postmaster.pid" already exists')) return inUse(cluster, found.pid)
  return new PgQueuerError("PGQ_EMBEDDED_FAILED", `The embedded PostgreSQL did not start.\n${log}`, {
    remedy: `Above are the last lines of its log; all of it is in ${cluster.logFile}, unless that was temporary.`,
  })
}

function inUse(cluster: Cluster, pid: number): PgQueuerError {
  return new PgQueuerError(
    "PGQ_EMBEDDED_FAILED",
    `${cluster.data} is in use by the PostgreSQL server with pid ${pid}`,
    { remedy: `Stop the program that started it, or choose another \`dataDirectory\`.` },
  )
}

function startTimeout(cluster: Cluster): PgQueuerError {
  return new PgQueuerError("PGQ_EMBEDDED_FAILED", `The embedded PostgreSQL was not ready in ${startTimeoutMs} ms`, {
    remedy: `Look into ${cluster.logFile}: it may have much to recover, and then the next start succeeds.`,
  })
}

function isPortTaken(log: string): boolean {
  return log.includes("could not bind IPv4 address") || log.includes("could not create any TCP/IP sockets")
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  )
}

async function tail(file: string, from: number): Promise<string> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return ""
  try {
    const text = await handle.createReadStream({ start: from, encoding: "utf8", autoClose: false }).toArray()
    return text.join("").trim().split("\n").slice(-15).join("\n")
  } finally {
    await handle.close()
  }
}
