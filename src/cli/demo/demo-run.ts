import { setTimeout as pause } from "node:timers/promises"
import { PgQueuerError } from "../../domain/errors.js"
import { Child } from "./children.js"
import type { DemoTables, Measures, Ticks } from "./demo-tables.js"
import { totalJobs } from "./plan.js"
import type { Progress } from "./progress.js"

export interface DemoResult extends Measures {
  readonly enqueued: number
  readonly ends: ReadonlyMap<string, number>
  readonly missing: number
  /** Jobs that the killed worker held. */
  readonly heldByKilled: number
  /** Of the schedule that both workers have. */
  readonly ticks: Ticks
  /** Of the surviving worker, after SIGTERM. */
  readonly exitCode: number | NodeJS.Signals
}

const startTimeoutMs = 15_000
const jobsTimeoutMs = 40_000
const lookEveryMs = 100

/** One worker dies when so many jobs have ended. */
const killAfter = totalJobs * 0.4

/** The main job for real: two workers, a producer, 2,000 jobs, a schedule, and one worker killed in the middle. */
export async function runDemo(tables: DemoTables, progress: Progress, signal: AbortSignal): Promise<DemoResult> {
  const workers = [Child.worker(), Child.worker()] as const
  const [victim, survivor] = workers
  const producer = { child: undefined as Child | undefined }
  try {
    await until(
      startTimeoutMs,
      signal,
      "the workers to start",
      workers,
      async () => (await tables.countWorkers()) === 2,
    )
    progress.say(`two workers run: pid ${victim.pid} and ${survivor.pid}`)
    producer.child = Child.producer()
    progress.say(`a producer enqueues ${totalJobs.toLocaleString("en")} jobs: pid ${producer.child.pid}`)
    await until(jobsTimeoutMs, signal, "the jobs to be half done", workers, async () => {
      return progress.show(await tables.countEnded()) >= killAfter
    })
    await victim.end("SIGKILL")
    const heldByKilled = await tables.countHeldBy(victim.pid)
    progress.say(`killed worker ${victim.pid} with -9 while it held ${heldByKilled} jobs`)
    const ids = await idsOf(producer.child)
    await until(jobsTimeoutMs, signal, undefined, [survivor], async () => {
      return progress.show(await tables.countEnded()) >= totalJobs
    })
    const exitCode = await survivor.end("SIGTERM")
    const ends = await tables.endsOf(ids)
    const ended = [...ends.values()].reduce((sum, count) => sum + count, 0)
    return {
      ...(await tables.measure()),
      enqueued: ids.length,
      ends,
      missing: Math.max(totalJobs, ids.length) - ended,
      heldByKilled,
      ticks: await tables.accountForTicks(),
      exitCode,
    }
  } finally {
    progress.clear()
    await Promise.all([...workers, producer.child].map((child) => child?.end("SIGKILL")))
  }
}

async function idsOf(producer: Child): Promise<string[]> {
  if ((await producer.exited) !== 0) throw failed("the producer failed", producer)
  return [...new Set(JSON.parse(producer.output) as string[])]
}

/** Without a name, the end of the time is no failure: what is missing then is counted. */
async function until(
  timeoutMs: number,
  signal: AbortSignal,
  what: string | undefined,
  workers: readonly Child[],
  done: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  while (!(await done())) {
    const dead = workers.find((worker) => !worker.isRunning)
    if (dead !== undefined) throw failed("a worker ended by itself", dead)
    if (performance.now() > giveUpAt) {
      if (what === undefined) return
      throw failed(`waited ${timeoutMs / 1_000} s for ${what}`, workers[0])
    }
    await pause(lookEveryMs, undefined, { signal })
  }
}

function failed(what: string, child: Child | undefined): PgQueuerError {
  const log = child?.log ?? ""
  return new PgQueuerError("PGQ_WORKER_STATE", `${what}${log === "" ? "" : `; the end of its log:\n${log}\n`}`, {
    remedy: "Is the machine very busy? Run it again, or give a database of your own with --dsn.",
  })
}
