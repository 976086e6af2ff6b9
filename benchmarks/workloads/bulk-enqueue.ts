import { costFigures } from "./cost.ts"
import { measureBulkEnqueue } from "./measure-enqueue.ts"
import type { Workload } from "./workload.ts"

export const bulkEnqueue: Workload = {
  id: "W1",
  title: "enqueue 100,000 jobs, 1,000 a call, one connection",
  figures: [{ name: "rate", unit: "jobs/s", better: "higher" }, ...costFigures],
  measure(inTrial) {
    return inTrial((trial) => measureBulkEnqueue(trial, { count: 100_000, entrypoints: ["noop"] }, 1_000))
  },
}
