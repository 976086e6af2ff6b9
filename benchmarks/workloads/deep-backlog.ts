import { measureDrain } from "./measure-drain.ts"
import type { Workload } from "./workload.ts"

const entrypoints = ["noop"]

export const deepBacklog: Workload = {
  id: "W6",
  title: "drain 1,000,000 waiting jobs, one worker, against 100,000",
  figures: [
    { name: "deep / shallow", unit: "×", better: "higher" },
    { name: "shallow", unit: "jobs/s", better: "higher" },
    { name: "deep", unit: "jobs/s", better: "higher" },
  ],
  only: ["ours"],
  async measure(inTrial) {
    const drain = (count: number, perCall: number) =>
      inTrial(async (trial) => (await measureDrain(trial, { plan: { count, entrypoints }, perCall }))["rate"]!)
    const shallow = await drain(100_000, 1_000)
    const deep = await drain(1_000_000, 10_000)
    return { "deep / shallow": deep / shallow, shallow, deep }
  },
}
