import { setTimeout as pause } from "node:timers/promises"
import { startEmbeddedPostgres } from "../adapters/embedded/embedded-postgres.js"
import { findRunningServer } from "../adapters/embedded/running-server.js"
import { consoleLogger } from "../adapters/system/console-logger.js"
import { hasCode } from "../domain/errors.js"

/** Under the working directory: a second start finds the jobs of the first. */
const embeddedFolder = ".pgqueuer"

export interface EmbeddedServer {
  readonly url: string
  /** `joined`: another process of this folder started it, and it ends with that one. */
  readonly how: "started" | "joined"
  stop(): Promise<void>
}

/** A server that another process is just starting is ready within this. */
const joinTimeoutMs = 10_000

/**
 * The PostgreSQL of this folder: the one that runs, else a new one.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_MISSING` with the line that installs the binaries, `PGQ_EMBEDDED_FAILED`
 */
export async function openEmbeddedServer(): Promise<EmbeddedServer> {
  const joined = await join()
  if (joined !== undefined) return joined
  try {
    const server = await startEmbeddedPostgres({ dataDirectory: embeddedFolder, logger: consoleLogger })
    return { url: server.url, how: "started", stop: () => server.stop() }
  } catch (error) {
    if (!wasQuickerElsewhere(error)) throw error
    return (await joinSoon()) ?? refuse(error)
  }
}

async function join(): Promise<EmbeddedServer | undefined> {
  const running = await findRunningServer(embeddedFolder)
  return running === undefined ? undefined : { url: running.url, how: "joined", stop: async () => {} }
}

function wasQuickerElsewhere(error: unknown): boolean {
  return hasCode(error, "PGQ_EMBEDDED_FAILED") && error.message.includes("is in use by")
}

async function joinSoon(): Promise<EmbeddedServer | undefined> {
  const giveUpAt = performance.now() + joinTimeoutMs
  while (performance.now() < giveUpAt) {
    const joined = await join()
    if (joined !== undefined) return joined
    await pause(50)
  }
  return undefined
}

function refuse(error: unknown): never {
  throw error
}
