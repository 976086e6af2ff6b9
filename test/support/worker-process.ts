import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import type { EntrypointOptions } from "../../src/app/worker/entrypoint-options.js"
import type { PgQueuerOptions } from "../../src/worker-composition.js"
import { eventually } from "./queue.js"

export interface WorkerProcessOptions {
  readonly url: string
  /** Of those that worker-process.mjs knows. */
  readonly entrypoints: readonly ("sleep" | "quick" | "write" | "poison" | "block" | "blockAndRetry")[]
  readonly entrypointOptions?: Readonly<Record<string, EntrypointOptions>>
  /** `neverBlocks`: its handler of `block` returns at once. */
  readonly options: PgQueuerOptions<unknown> & { readonly neverBlocks?: boolean }
}

export interface HandlerRun {
  readonly id: string
  readonly from: number
  to: number | undefined
}

/** A worker that can be killed. */
export interface WorkerProcess {
  readonly pid: number
  /** The jobs that its handlers began and ended, once for each time. */
  readonly started: readonly string[]
  readonly finished: readonly string[]
  /** The runs of its handlers with their times, in ms since 1970; without an end when there was none. */
  readonly runs: readonly HandlerRun[]
  readonly logged: readonly string[]
  readonly exitCode: number | null
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

/** Starts a worker from the built package and waits until it is ready; it ends with the test. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("worker-process.mjs", import.meta.url)), JSON.stringify(options)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  )
  onTestFinished(() => void child.kill("SIGKILL"))
  const runs: HandlerRun[] = []
  const lines = { start: [] as string[], end: [] as string[], log: [] as string[], ready: [] as string[] }
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [kind = "", ...words] = line.split(" ")
    const [id = "", time] = words
    if (kind === "start") runs.push({ id, from: Number(time), to: undefined })
    if (kind === "end") runs.findLast((run) => run.id === id)!.to = Number(time)
    if (kind === "start" || kind === "end") lines[kind].push(id)
    else if (kind in lines) lines[kind as keyof typeof lines].push(words.join(" "))
  })
  const exited = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal ?? "gone"))
  })
  await eventually(() => lines.ready.length > 0 || child.exitCode !== null)
  return {
    pid: child.pid!,
    started: lines.start,
    finished: lines.end,
    runs,
    logged: lines.log,
    get exitCode() {
      return child.exitCode
    },
    exited,
    kill: (signal) => void child.kill(signal),
  }
}
