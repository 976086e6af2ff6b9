import { measureDrain } from "./measure-drain.ts"
import type { Workload } from "./workload.ts"

const plan = { count: 20_000, entrypoints: ["noop"] }

export const deferredBacklog: Workload = {
  id: "W7",
  title: "drain 20,000 jobs while 1,000,000 deferred ones lie there, against none",
  figures: [
    { name: "with / without", unit: "×", better: "higher" },
    { name: "without", unit: "jobs/s", better: "higher" },
    { name: "with", unit: "jobs/s", better: "higher" },
  ],
  async measure(inTrial) {
    const drain = (deferred: number) =>
      inTrial(async (trial) => {
        const waiting = { count: deferred, entrypoints: ["noop"], deferred: true }
        await trial.producer.do("enqueueBatches", { plan: waiting, perCall: 5_000, connections: 1 })
        return (await measureDrain(trial, { plan }))["rate"]!
      })
    const without = await drain(0)
    const withDeferred = await drain(1_000_000)
    return { "with / without": withDeferred / without, without, with: withDeferred }
  },
}
