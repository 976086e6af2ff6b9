import { measureDrain } from "./measure-drain.ts"
import type { Workload } from "./workload.ts"

export const manyEntrypoints: Workload = {
  id: "W9",
  title: "drain 1,000 jobs in each of 100 entrypoints, one worker, against 100,000 in one",
  figures: [
    { name: "many / one", unit: "×", better: "higher" },
    { name: "one", unit: "jobs/s", better: "higher" },
    { name: "many", unit: "jobs/s", better: "higher" },
  ],
  async measure(inTrial) {
    const drain = (size: number) =>
      inTrial(async (trial) => {
        const entrypoints = Array.from({ length: size }, (_, index) => `noop-${index + 1}`)
        return (await measureDrain(trial, { plan: { count: 100_000, entrypoints } }))["rate"]!
      })
    const one = await drain(1)
    const many = await drain(100)
    return { "many / one": many / one, one, many }
  },
}
