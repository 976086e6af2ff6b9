export type { ListenState } from "./app/channel-listener.js"
export { type DefineEntrypointOptions, defineEntrypoint } from "./app/define-entrypoint.js"
export type {
  Diagnosis,
  DiagnosisFacts,
  Finding,
  FindingCode,
  Severity,
  WraparoundEstimate,
} from "./app/doctor/diagnosis.js"
export type { DoctorOptions, Role } from "./app/doctor/doctor.js"
export type { OptionChange } from "./app/doctor/table-options.js"
export type { TableTuning, TuneOptions } from "./app/doctor/tune.js"
export type { DrainResult } from "./app/drain-workers.js"
export type {
  BatchOptions,
  EnqueueOptions,
  PayloadColumn,
  TypedJobRequest,
  WholeBatchOptions,
  WholeEnqueueOptions,
} from "./app/enqueue-options.js"
export { DirectExecutor } from "./app/executors/direct.js"
export { RetryInDatabaseExecutor } from "./app/executors/retry-in-database.js"
export { RetryInProcessExecutor } from "./app/executors/retry-in-process.js"
export type { Explanation, Reason, ReasonCode } from "./app/explain.js"
export type { Handler, HandlerOf } from "./app/handler.js"
export type { Health, HealthProblem, HealthState, HeartbeatHealth } from "./app/health.js"
export { type HealthHandlerOptions, healthHandler } from "./app/health-handler.js"
export type { ActionResult, RescheduleOptions } from "./app/job-actions.js"
export type { JobHandle } from "./app/job-handle.js"
export type { LimitsByHand } from "./app/limits-by-hand.js"
export type { MetricsOptions } from "./app/metrics/metric-reader.js"
export type { JobOptions, JobRequest, OnConflict } from "./app/parse-enqueue.js"
export type { PruneOptions } from "./app/prune.js"
export type {
  Activity,
  ActivityOptions,
  EntrypointActivity,
  History,
  HistoryOptions,
  HistoryPoint,
  OutcomeCount,
  SampleSeries,
  SamplesOptions,
  StatisticsOptions,
} from "./app/rollups/history.js"
export type { PreviewOptions, ScheduleActionResult } from "./app/schedules/schedule-actions.js"
export type { Schedule, ScheduleContext, ScheduleHandler } from "./app/schedules/schedule-handler.js"
export type { JobSchedule, ScheduleOptions } from "./app/schedules/schedule-options.js"
export type { WaitForOptions } from "./app/tracking/wait-for-options.js"
export type {
  EnqueueManyOptions,
  EntrypointTypes,
  HandleQueries,
  ProducerQueries,
  TypedEntrypoint,
} from "./app/typed-entrypoint.js"
export type { EntrypointOptions } from "./app/worker/entrypoint-options.js"
export type { WorkerEvents } from "./app/worker/events.js"
export { JobStopped, type StopReason } from "./app/worker/job-context.js"
export type { WorkerOptions } from "./app/worker/worker-options.js"
export type { RunOptions } from "./app/worker-life.js"
export { CompletionWatcher, type CompletionWatcherOptions } from "./completion-watcher.js"
export type { Duration } from "./domain/duration.js"
export { type ErrorCode, PgQueuerError, type SchemaIssue } from "./domain/errors.js"
export type { Histogram, Spread } from "./domain/histogram.js"
export type { FailedAttempt, Job, JobProgress, JobRecord, LogLine } from "./domain/job.js"
export type {
  AnyJobs,
  InputOf,
  JobMap,
  JobName,
  JobType,
  OutputOf,
  PayloadArguments,
  Stored,
} from "./domain/job-types.js"
export {
  type FetchHandler,
  type NodeListener,
  type NodeRequest,
  type NodeResponse,
  nodeListener,
} from "./domain/node-listener.js"
export type { FinalStatus, RetentionOptions, WorkerRetentionOptions } from "./domain/retention.js"
export type { RetryPolicy } from "./domain/retry-policy.js"
export { type RetryOptions, RetryRequested } from "./domain/retry-requested.js"
export type { Schema } from "./domain/schema.js"
export type { EndStatus, Status } from "./domain/status.js"
export { PgQueuer } from "./pgqueuer.js"
export type {
  Driver,
  DriverFeatures,
  Listener,
  Parameter,
  Queryable,
  QueryOptions,
  Row,
  Session,
  Subscription,
} from "./ports/driver.js"
export type { Attempt, Executor } from "./ports/executor.js"
export type { QueueSize } from "./ports/job-store.js"
export type { LogFields, Logger } from "./ports/logger.js"
export type { LimitUse, MetricReadings, ScheduleReading, Total, WorkerReading } from "./ports/metric-store.js"
export type { EntrypointLimits, LimitSources, WorkerRecord, WorkerState } from "./ports/operation-store.js"
export type { PruneCount } from "./ports/retention-store.js"
export type { Count, Depth, EndCounts, EntrypointDepth, Rollup, SampleKind } from "./ports/rollup-store.js"
export type { ScheduleRecord, ScheduleRunRecord } from "./ports/schedule-records.js"
export type { Missed, Overlap, ScheduleRunStatus } from "./ports/schedule-store.js"
export type {
  EnqueueCall,
  EnqueuedJob,
  EnqueueEnd,
  EnqueueTrace,
  RunEnd,
  RunTrace,
  StartedRun,
  StartedTick,
  Tracing,
} from "./ports/tracing.js"
export type { Batches, Vitals } from "./ports/vitals.js"
export {
  type JobsFilter,
  type LogsOptions,
  Queries,
  type QueriesOptions,
  type ScheduleRunsOptions,
  type Verification,
} from "./queries.js"
export { QueueManager } from "./queue-manager.js"
export { SchedulerManager } from "./scheduler-manager.js"
export type { Context, PgQueuerOptions } from "./worker-composition.js"
