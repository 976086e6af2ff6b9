import type { Queryable, Row } from "../../ports/driver.js"
import type { ScheduleRecords, ScheduleRunRecord, StoredScheduleRecord } from "../../ports/schedule-records.js"
import type { Missed, Overlap, ScheduleRunStatus } from "../../ports/schedule-store.js"
import type { Statements } from "./statement.js"

/** Schedules and their runs, as people see and change them. */
export class PostgresScheduleRecords implements ScheduleRecords {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async now() {
    const [row] = await this.#statements.run<{ readonly now: Date }>(this.#on, "read_clock")
    return row!.now
  }

  names() {
    return this.#statements.run<{ readonly name: string; readonly orphaned: boolean }>(this.#on, "list_schedule_names")
  }

  async list(names: readonly string[] | null) {
    const rows = await this.#statements.run<ScheduleRow>(this.#on, "list_schedules", [names])
    return rows.map(asSchedule)
  }

  async runs(name: string, after: string | null, limit: number) {
    const rows = await this.#statements.run<RunRow>(this.#on, "list_schedule_runs", [name, after, limit])
    return rows.map(asRun)
  }

  async setPaused(names: readonly string[], paused: boolean) {
    const parameters = [names, paused, this.#statements.channel]
    const rows = await this.#statements.run<NameRow>(this.#on, "pause_schedules", parameters)
    return rows.map((row) => row.name)
  }

  async trigger(names: readonly string[]) {
    const parameters = [names, this.#statements.channel]
    const rows = await this.#statements.run<TriggeredRow>(this.#on, "trigger_schedules", parameters)
    return rows.map((row) => ({ name: row.name, runId: row.run_id }))
  }

  async remove(names: readonly string[]) {
    const parameters = [names, this.#statements.channel]
    const rows = await this.#statements.run<NameRow>(this.#on, "remove_schedules", parameters)
    return rows.map((row) => row.name)
  }
}

interface NameRow extends Row {
  readonly name: string
}

interface TriggeredRow extends NameRow {
  readonly run_id: string
}

interface ScheduleRow extends Row {
  readonly now: Date
  readonly name: string
  readonly expression: string
  readonly timezone: string
  readonly missed: Missed
  readonly overlap: Overlap
  readonly jitter_ms: number
  readonly entrypoint: string | null
  readonly paused: boolean
  readonly next_run: Date | null
  readonly last_run: Date | null
  readonly workers: number
  readonly waiting: number
  readonly run_id: string | null
}

interface RunRow extends Row {
  readonly run_id: string
  readonly tick: Date
  readonly status: ScheduleRunStatus
  readonly attempt: number
  readonly by_hand: boolean
  readonly worker_id: string | null
  readonly job_id: string | null
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly error: string | null
  readonly job_status: string | null
  readonly job_finished_at: Date | null
  readonly job_error: string | null
}

function asSchedule(row: ScheduleRow): StoredScheduleRecord {
  return {
    now: row.now,
    name: row.name,
    expression: row.expression,
    timezone: row.timezone,
    missed: row.missed,
    overlap: row.overlap,
    jitterMs: row.jitter_ms,
    entrypoint: row.entrypoint,
    paused: row.paused,
    orphaned: row.workers === 0,
    workers: row.workers,
    waiting: row.waiting,
    lastExecution: row.last_run,
    nextRun: row.next_run,
    lastRun: row.run_id === null ? null : asRun(row as unknown as RunRow),
  }
}

function asRun(row: RunRow): ScheduleRunRecord {
  const job = { status: row.job_status, finishedAt: row.job_finished_at, error: row.job_error }
  return {
    id: row.run_id,
    tick: row.tick,
    status: row.status,
    attempt: row.attempt,
    byHand: row.by_hand,
    workerId: row.worker_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    error: row.error,
    job: row.job_id === null ? null : { id: row.job_id, ...job },
  }
}
