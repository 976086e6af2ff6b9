// Factories for the tests of `pgq run`, each with its own way of working or failing.
import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "pg"
import { type Job, PgQueuer, type PgQueuerOptions, QueueManager, SchedulerManager } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

/** Runs each job for `ms` of its payload, whatever its signal says. The pool is left open. */
export function slow(options: PgQueuerOptions<Record<string, never>> = {}) {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()), options)
  pgq.entrypoint("slow", async (job: Job) => {
    console.log(`begins ${job.id}`)
    await pause((job.payload as { ms: number }).ms)
    console.log(`ends ${job.id}`)
  })
  pgq.entrypoint("other", () => console.log("other ran"))
  return pgq
}

/** By the connection string, and disposed at the end. */
export async function disposed(...args: string[]) {
  const pool = new Pool({ connectionString: process.env["DATABASE_URL"] })
  const pgq = new PgQueuer(new PgPoolDriver(pool))
  pgq.entrypoint("slow", () => console.log(`ran with ${args.join("+")}`))
  return {
    pgq,
    async [Symbol.asyncDispose]() {
      await pool.end()
      console.log("disposed")
    },
  }
}

/** Its job ends the process, or tries to. */
export function crashing() {
  const pgq = slow()
  pgq.entrypoint("crash", async (job: Job) => {
    const error = new Error("a callback threw")
    if (job.payload === "rejection") void Promise.reject(error)
    else setImmediate(() => throwIt(error))
    await pause(60_000)
  })
  return pgq
}

/** Its job computes for the milliseconds of its payload, and nothing else gets to run. */
export function blocking() {
  const pgq = slow()
  pgq.entrypoint("block", (job: Job) => {
    console.log(`blocks ${job.id}`)
    const end = performance.now() + (job.payload as number)
    while (performance.now() < end);
  })
  return pgq
}

/** Takes its time to start. */
export async function late() {
  console.log("starts late")
  await new Promise((resolve) => process.stdin.once("data", resolve))
  return slow()
}

/** Its job tells a password wherever it can. */
export function leaking() {
  const pgq = slow()
  pgq.entrypoint("leak", (_job: Job, context) => {
    const url = "postgres://joe:geheim@host/db"
    context.log.warn(`cannot reach ${url}`, { url, settings: { password: "geheim" } })
    throw new Error(`no way to ${url}`, { cause: new Error("password=geheim") })
  })
  return pgq
}

/** Only the half that starts schedules. */
export function scheduling() {
  const sm = new SchedulerManager(new PgPoolDriver(new Pool()))
  sm.schedule("tick", "* * * * * *", () => console.log("ticked"))
  return sm
}

/** Only the half that runs jobs. */
export function queueing() {
  const qm = new QueueManager(new PgPoolDriver(new Pool()))
  qm.entrypoint("fetch", () => console.log("fetched"))
  return qm
}

export function throwing() {
  throw new Error("no coffee left at postgres://joe:geheim@host/db\nsecond line")
}

export function wrong() {
  return 42
}

export function hanging() {
  console.log("hangs")
  setInterval(() => {}, 1_000)
  return new Promise(() => {})
}

export const number = 7

function throwIt(error: Error): never {
  throw error
}
