import { setTimeout as pause } from "node:timers/promises"
import type { Trial } from "../trial.ts"
import type { Measured, Workload } from "./workload.ts"

const sizes = [1, 10]
const entrypoints = ["noop"]
const settleMs = 5_000
const watchMs = 20_000

export const idle: Workload = {
  id: "W12",
  title: "workers with nothing to do, for 20 s, after one job each",
  figures: sizes.flatMap((size) => [
    { name: `statements, ${size}`, unit: "/s", better: "lower" },
    { name: `client CPU, ${size}`, unit: "ms/s", better: "lower" },
    { name: `server CPU, ${size}`, unit: "ms/s", better: "lower" },
  ]),
  async measure(inTrial) {
    let measured: Measured = {}
    for (const size of sizes) {
      measured = { ...measured, ...(await inTrial((trial) => watch(trial, size))) }
    }
    return measured
  },
}

async function watch(trial: Trial, size: number): Promise<Measured> {
  const workers = Array.from({ length: size }, () => trial.addParticipant())
  await Promise.all(workers.map((worker) => worker.do("startWorker", { entrypoints, goal: "latency" })))
  await trial.producer.do("enqueueSingles", { plan: { count: size, entrypoints }, inFlight: 1 })
  await pause(settleMs)
  const usage = async () => {
    const all = await Promise.all(workers.map((worker) => worker.do("usage")))
    return all.reduce((sum, { processorMs }) => sum + processorMs, 0)
  }
  const [server, client, begin] = [await trial.database.counters(), await usage(), performance.now()]
  await pause(watchMs)
  const [serverAfter, clientAfter, end] = [await trial.database.counters(), await usage(), performance.now()]
  const seconds = (end - begin) / 1_000
  return {
    [`statements, ${size}`]: (serverAfter.transactions - server.transactions - observed) / seconds,
    [`client CPU, ${size}`]: (clientAfter - client) / seconds,
    [`server CPU, ${size}`]:
      serverAfter.processorMs === undefined || server.processorMs === undefined
        ? undefined
        : (serverAfter.processorMs - server.processorMs) / seconds,
  }
}

/** The look at the counters is a statement on the database itself. */
const observed = 1
