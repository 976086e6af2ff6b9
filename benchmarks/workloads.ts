import { bulkEnqueue } from "./workloads/bulk-enqueue.ts"
import { deepBacklog } from "./workloads/deep-backlog.ts"
import { deferredBacklog } from "./workloads/deferred-backlog.ts"
import { drainOneWorker, drainTwoWorkers } from "./workloads/drain.ts"
import { idle } from "./workloads/idle.ts"
import { largePayload } from "./workloads/large-payload.ts"
import { manyEntrypoints } from "./workloads/many-entrypoints.ts"
import { openSnapshot } from "./workloads/open-snapshot.ts"
import { pickUpLatency } from "./workloads/pick-up-latency.ts"
import { singleEnqueue } from "./workloads/single-enqueue.ts"
import type { Workload } from "./workloads/workload.ts"

/** In the order in which they are run and reported. */
export const workloads: ReadonlyMap<string, Workload> = new Map(
  [
    bulkEnqueue,
    singleEnqueue,
    drainOneWorker,
    drainTwoWorkers,
    pickUpLatency,
    deepBacklog,
    deferredBacklog,
    openSnapshot,
    manyEntrypoints,
    largePayload,
    idle,
  ].map((workload) => [workload.id, workload]),
)
