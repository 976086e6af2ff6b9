import { costFigures } from "./cost.ts"
import { measureDrain } from "./measure-drain.ts"
import type { Workload } from "./workload.ts"

const plan = { count: 100_000, entrypoints: ["noop"] }
const figures = [{ name: "rate", unit: "jobs/s", better: "higher" }, ...costFigures] as const

export const drainOneWorker: Workload = {
  id: "W3",
  title: "drain 100,000 waiting jobs, one worker process",
  figures,
  measure(inTrial) {
    return inTrial((trial) => measureDrain(trial, { plan }))
  },
}

export const drainTwoWorkers: Workload = {
  id: "W4",
  title: "drain 100,000 waiting jobs, two worker processes",
  figures,
  measure(inTrial) {
    return inTrial((trial) => measureDrain(trial, { plan, workers: 2 }))
  },
}
