import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { onTestFinished, vi } from "vitest"
import type { TestDatabase } from "./database.js"

/** The built command, as npm links it. */
export const pgqFile = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url))

export const repository = fileURLToPath(new URL("../..", import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly database?: TestDatabase
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  /** `open`: the test writes to it later. */
  readonly stdin?: "open"
  readonly folder?: string
}

/** Runs `pgq` to its end. */
export function pgq(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return start([pgqFile, ...args], options).finished
}

export function startPgq(args: readonly string[], options: StartOptions = {}): Started {
  return start([pgqFile, ...args], options)
}

/** Starts Node in the repository, or in a folder, with nothing of our own environment that names a database. */
export function start(
  args: readonly string[],
  { database, environment, input, stdin, folder }: StartOptions = {},
): Started {
  const child = spawn(process.execPath, args, {
    cwd: folder ?? repository,
    env: { ...cleanEnvironment(), ...(database === undefined ? {} : environmentOf(database)), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  })
  child.stdin?.on("error", () => {})
  if (stdin === undefined) child.stdin?.end(input)
  return new Started(child)
}

/** A process that a test has started; killed when the test has finished. */
export class Started {
  readonly finished: Promise<Finished>
  readonly process: ChildProcess
  stdout = ""
  stderr = ""

  constructor(child: ChildProcess) {
    this.process = child
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text
    })
    this.finished = new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }))
    })
    onTestFinished(() => void child.kill("SIGKILL"))
  }

  /** Resolves when the process has written this. */
  async writes(text: string): Promise<void> {
    await vi.waitFor(
      () => {
        if (!(this.stdout + this.stderr).includes(text)) {
          throw new Error(`no ${JSON.stringify(text)} in:\n${this.stdout}\n${this.stderr}`)
        }
      },
      { timeout: 20_000, interval: 10 },
    )
  }
}

/** What makes `new Pool()` and `pgq` reach the test's schema. */
export function environmentOf({ url, schema }: TestDatabase): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    DATABASE_URL: url,
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
    PGQUEUER_SCHEMA: schema,
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !/^(?:PG|DATABASE_URL|NO_COLOR|FORCE_COLOR|NODE_|VITEST)/.test(name),
  )
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}
