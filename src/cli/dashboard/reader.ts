import type { Explanation } from "../../app/explain.js"
import { type FailureGroup, groupFailures } from "../../app/failure-groups.js"
import type { FailedAttempt, JobRecord, LogLine } from "../../domain/job.js"
import type { RecentGroup, RecentStore } from "../../ports/recent-store.js"
import type { ScheduleRecord } from "../../ports/schedule-records.js"
import type { Queries } from "../../queries.js"
import type { Figures } from "./figures.js"
import { type Clocks, FiguresReader } from "./read-figures.js"

/** All that the dashboard reads. It writes nothing. */
export interface DashboardReader {
  figures(): Promise<Figures>
  recent(): Promise<readonly RecentGroup[]>
  failures(): Promise<readonly FailureGroup[]>
  schedules(): Promise<readonly ScheduleRecord[]>
  /** Undefined when there is no such job. */
  job(id: string): Promise<JobDetails | undefined>
}

export interface JobDetails {
  readonly job: JobRecord
  readonly failures: readonly FailedAttempt[]
  /** The oldest hundred. */
  readonly logs: readonly LogLine[]
  readonly explanation: Explanation
}

const mostGroups = 500
const mostFailures = 1_000
const mostLogLines = 100

export function makeReader(queries: Queries, recent: RecentStore, clocks: Clocks): DashboardReader {
  const figures = new FiguresReader(queries, clocks)
  return {
    figures: () => figures.read(),
    recent: () => recent.listGroups(mostGroups),
    failures: async () => groupFailures(await recent.listFailures(mostFailures)),
    schedules: () => queries.schedules(),
    async job(id) {
      const job = await queries.job(id)
      if (job === undefined) return undefined
      const [failures, logs, explanation] = await Promise.all([
        queries.failures(id),
        queries.logs(id, { limit: mostLogLines }),
        queries.explain(id),
      ])
      return { job, failures, logs, explanation }
    },
  }
}
