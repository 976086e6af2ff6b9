import { setTimeout as pause } from "node:timers/promises"
import { type JobPlan, planJobs, sentAtOf } from "./job-plan.ts"
import type { OrderMessage, OrderName, Orders, ParticipantMessage } from "./participant-orders.ts"
import type { Connection, WorkerGoal } from "./systems/system.ts"
import { systems } from "./systems.ts"

/** So often a worker says how far it is: rare enough to cost nothing. */
const reportEveryMs = 5

const [systemName = "", url = "", entry = ""] = process.argv.slice(2)
const connection: Connection = await systems.get(systemName)!.connect(url, entry)

let handled = 0
let latencies: number[] = []
let stopWorker: (() => Promise<void>) | undefined

const duties: { [O in OrderName]: (argument: Orders[O]["argument"]) => Promise<Orders[O]["answer"]> } = {
  install: async () => {
    await connection.install()
    return undefined
  },
  enqueueBatches: ({ plan, perCall, connections }) => enqueueBatches(plan, perCall, connections),
  enqueueSingles: ({ plan, inFlight }) => enqueueSingles(plan, inFlight),
  enqueuePaced: async ({ plan, everyMs }) => {
    await enqueuePaced(plan, everyMs)
    return undefined
  },
  startWorker: async ({ entrypoints, goal }) => {
    stopWorker = await connection.startWorker({ entrypoints, goal, handle: handlerFor(goal) })
    return undefined
  },
  stopWorker: async () => {
    await stopWorker?.()
    stopWorker = undefined
    return undefined
  },
  takeLatencies: async () => {
    const taken = latencies
    latencies = []
    return taken
  },
  usage: async () => {
    const { user, system } = process.cpuUsage()
    return { processorMs: (user + system) / 1_000, residentMb: process.memoryUsage().rss / 2 ** 20 }
  },
  leave: async () => {
    await stopWorker?.()
    process.exit(0)
  },
}

process.on("disconnect", () => process.exit(1))
process.on("message", ({ id, order, argument }: OrderMessage) => {
  ;(duties[order] as (argument: unknown) => Promise<unknown>)(argument).then(
    (answer) => tell({ kind: "answer", id, answer }),
    (error: Error) => tell({ kind: "error", id, error: error.stack ?? String(error) }),
  )
})

let reportDue = false

/** Without jobs no timer runs: an idle process shall be idle. */
function countHandled(): void {
  handled++
  if (reportDue) return
  reportDue = true
  setTimeout(() => {
    reportDue = false
    tell({ kind: "handled", count: handled })
  }, reportEveryMs)
}

function tell(message: ParticipantMessage): void {
  process.send?.(message)
}

function handlerFor(goal: WorkerGoal): (payload: unknown) => Promise<void> {
  if (goal === "throughput") {
    return async () => countHandled()
  }
  return async (payload) => {
    latencies.push(nowMs() - sentAtOf(payload))
    countHandled()
  }
}

async function enqueueBatches(plan: JobPlan, perCall: number, connections: number): Promise<number> {
  const producer = await connection.openProducer(connections)
  const jobs = planJobs(plan)
  const begin = nowMs()
  for (let batch = jobs.take(perCall); batch.length > 0; batch = jobs.take(perCall)) await producer.enqueueMany(batch)
  const took = nowMs() - begin
  await producer.close()
  return took
}

async function enqueueSingles(plan: JobPlan, inFlight: number): Promise<number> {
  const producer = await connection.openProducer(inFlight)
  await Promise.all(
    planJobs({ ...plan, count: inFlight })
      .take(inFlight)
      .map(producer.enqueueOne),
  )
  const jobs = planJobs(plan)
  const oneByOne = async () => {
    for (let [job] = jobs.take(1); job !== undefined; [job] = jobs.take(1)) await producer.enqueueOne(job)
  }
  const begin = nowMs()
  await Promise.all(Array.from({ length: inFlight }, oneByOne))
  const took = nowMs() - begin
  await producer.close()
  return took
}

/** Calls that are not awaited before the next one, as a server makes them; by the clock, so that a slow one delays no other. */
async function enqueuePaced(plan: JobPlan, everyMs: number): Promise<void> {
  const producer = await connection.openProducer(10)
  const jobs = planJobs(plan)
  const begin = nowMs()
  const calls: Promise<void>[] = []
  for (let number = 1; number <= plan.count; number++) {
    await pause(Math.max(0, begin + number * everyMs - nowMs()))
    const [job] = jobs.take(1)
    calls.push(producer.enqueueOne({ ...job!, payload: { ...job!.payload, sentAt: nowMs() } }))
  }
  await Promise.all(calls)
  await producer.close()
}

/** One clock for all processes of a machine. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
