import { measureDrain } from "./measure-drain.ts"
import { measureBulkEnqueue } from "./measure-enqueue.ts"
import type { Workload } from "./workload.ts"

/** Fewer jobs and smaller calls than elsewhere: 100,000 of 64 KB would write 6.4 GB. */
const sizes = [
  { name: "1 KB", payloadBytes: 1_024, count: 20_000, perCall: 1_000 },
  { name: "64 KB", payloadBytes: 65_536, count: 2_000, perCall: 100 },
] as const

export const largePayload: Workload = {
  id: "W11",
  title: "enqueue and drain 20,000 jobs of 1 KB, and 2,000 of 64 KB",
  figures: sizes.flatMap(({ name }) => [
    { name: `enqueue ${name}`, unit: "jobs/s", better: "higher" },
    { name: `drain ${name}`, unit: "jobs/s", better: "higher" },
  ]),
  async measure(inTrial) {
    const measured: Record<string, number> = {}
    for (const { name, payloadBytes, count, perCall } of sizes) {
      const plan = { count, entrypoints: ["noop"], payloadBytes }
      const enqueued = await inTrial((trial) => measureBulkEnqueue(trial, plan, perCall))
      const drained = await inTrial((trial) => measureDrain(trial, { plan, perCall }))
      measured[`enqueue ${name}`] = enqueued["rate"]!
      measured[`drain ${name}`] = drained["rate"]!
    }
    return measured
  },
}
