import type { FailedAttempt, JobProgress, JobRecord, LogLine } from "../../domain/job.js"
import type { Status } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { InspectionStore, JobFilter, QueueSize } from "../../ports/job-store.js"
import type { Statements } from "./statement.js"

/** Looks at jobs. */
export class PostgresInspectionStore implements InspectionStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async findJobs(ids: readonly string[]): Promise<readonly JobRecord[]> {
    const rows = await this.#statements.run<JobRow>(this.#on, "find_jobs", [ids])
    return rows.map(asJobRecord)
  }

  async findFailures(id: string): Promise<readonly FailedAttempt[]> {
    const rows = await this.#statements.run<FailureRow>(this.#on, "find_failures", [id])
    return rows.map((row) => ({
      attempt: row.attempt,
      failedAt: row.failed_at,
      workerId: row.worker_id,
      error: row.error,
      traceback: row.traceback,
    }))
  }

  async findProgress(id: string): Promise<JobProgress | undefined> {
    const [row] = await this.#statements.run<ProgressRow>(this.#on, "find_progress", [id])
    return row === undefined
      ? undefined
      : { value: JSON.parse(row.value), attempt: row.attempt, updatedAt: row.updated_at }
  }

  async findLogLines(id: string, after: string | null, limit: number): Promise<readonly LogLine[]> {
    const rows = await this.#statements.run<LogLineRow>(this.#on, "find_log_lines", [id, after, limit])
    return rows.map((row) => ({
      id: row.id,
      attempt: row.attempt,
      level: row.level,
      message: row.message,
      fields: row.fields === null ? {} : JSON.parse(row.fields),
      loggedAt: row.logged_at,
    }))
  }

  async listJobIds({ status, entrypoint, after, limit }: JobFilter): Promise<readonly string[]> {
    const rows = await this.#statements.run<{ id: string }>(this.#on, "list_job_ids", [
      status,
      entrypoint,
      after,
      limit,
    ])
    return rows.map((row) => row.id)
  }

  async listEntrypointIds(entrypoint: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#statements.run<{ id: string }>(this.#on, "list_entrypoint_ids", [entrypoint, limit])
    return rows.map((row) => row.id)
  }

  async listHeldIds(entrypoint: string, after: string | null, limit: number): Promise<readonly string[]> {
    const rows = await this.#statements.run<{ id: string }>(this.#on, "list_held_ids", [entrypoint, after, limit])
    return rows.map((row) => row.id)
  }

  countUnfinished(): Promise<readonly QueueSize[]> {
    return this.#statements.run<QueueSize & Row>(this.#on, "count_unfinished")
  }
}

interface JobRow extends Row {
  readonly id: string
  readonly entrypoint: string
  readonly status: Status | null
  readonly priority: number
  readonly attempt: number | null
  readonly rescues: number
  readonly created_at: Date
  readonly execute_after: Date | null
  readonly expire_at: Date | null
  readonly dedupe_key: string | null
  readonly max_attempts: number | null
  readonly timeout_ms: number | null
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly worker_id: string | null
  readonly worker_host: string | null
  readonly worker_pid: number | null
  readonly error: string | null
  readonly payload: string | null
  readonly payload_bytes: Uint8Array | null
  readonly headers: string | null
  readonly result: string | null
  readonly progress: string | null
}

interface FailureRow extends Row {
  readonly attempt: number
  readonly failed_at: Date
  readonly worker_id: string | null
  readonly error: string
  readonly traceback: string | null
}

interface ProgressRow extends Row {
  readonly value: string
  readonly attempt: number
  readonly updated_at: Date
}

interface LogLineRow extends Row {
  readonly id: string
  readonly attempt: number
  readonly level: LogLine["level"]
  readonly message: string
  readonly fields: string | null
  readonly logged_at: Date
}

function asJobRecord(row: JobRow): JobRecord {
  return {
    id: row.id,
    entrypoint: row.entrypoint,
    // A job that is moving between two places is one that waits.
    status: row.status ?? "queued",
    priority: row.priority,
    attempt: row.attempt ?? 1,
    rescues: row.rescues,
    payload: row.payload_bytes ?? (row.payload === null ? undefined : JSON.parse(row.payload)),
    headers: row.headers === null ? {} : JSON.parse(row.headers),
    createdAt: row.created_at,
    executeAfter: row.execute_after,
    expireAt: row.expire_at,
    dedupeKey: row.dedupe_key,
    maxAttempts: row.max_attempts,
    timeoutMs: row.timeout_ms,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    worker: row.worker_id === null ? null : { id: row.worker_id, host: row.worker_host, pid: row.worker_pid },
    error: row.error,
    result: row.result === null ? undefined : JSON.parse(row.result),
    progress: row.progress === null ? undefined : JSON.parse(row.progress),
  }
}
