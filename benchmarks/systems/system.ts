import type { PlannedJob } from "../job-plan.ts"

/** What a worker is set up for, where a system's best settings differ. */
export type WorkerGoal = "throughput" | "latency"

/** A job queue in the benchmark, in its best public configuration. */
export interface System {
  readonly name: string
  readonly package: string
  /** As they are printed with the result. */
  readonly settings: Readonly<Record<WorkerGoal | "producer", string>>
  /** SQL for the id of the newest job, 0 for none. */
  readonly newestIdSql: string
  /** SQL: of `$1` jobs with an id above `$2`, how many have no durable end yet. */
  readonly unfinishedSql: string
  /** In a participant's process. `entry` is where our own package is loaded from. */
  connect(url: string, entry: string): Promise<Connection>
}

export interface Connection {
  install(): Promise<void>
  openProducer(connections: number): Promise<Producer>
  /** Resolves when it works, with the function that stops it in order. */
  startWorker(request: WorkerRequest): Promise<() => Promise<void>>
}

/** Calls resolve when the jobs are durable. */
export interface Producer {
  readonly enqueueOne: (job: PlannedJob) => Promise<void>
  readonly enqueueMany: (jobs: readonly PlannedJob[]) => Promise<void>
  close(): Promise<void>
}

export interface WorkerRequest {
  readonly entrypoints: readonly string[]
  readonly goal: WorkerGoal
  readonly handle: (payload: unknown) => Promise<void>
}
