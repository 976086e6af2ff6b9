import type { Queryable, Row } from "../../ports/driver.js"
import type {
  CodeSchedule,
  RunEnd,
  ScheduleRunStatus,
  ScheduleStore,
  SeenSchedule,
  StartedRun,
  StoredSchedule,
  TickRequest,
  TicksReply,
  WaitingReply,
  WaitingRequest,
} from "../../ports/schedule-store.js"
import type { Statements } from "./statement.js"

/** What a worker does with schedules, on one session. */
export class PostgresScheduleStore implements ScheduleStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async read(names: readonly string[]) {
    const rows = await this.#statements.run<StoredRow>(this.#on, "read_schedules", [names])
    return { now: rows[0]!.now.getTime(), schedules: rows.filter((row) => row.name !== null).map(asStored) }
  }

  async register(schedules: readonly CodeSchedule[]) {
    const rows = await this.#statements.run<RegisteredRow>(this.#on, "register_schedules", [
      schedules.map((schedule) => schedule.name),
      schedules.map((schedule) => schedule.expression),
      schedules.map((schedule) => schedule.timezone),
      schedules.map((schedule) => schedule.missed),
      schedules.map((schedule) => schedule.overlap),
      schedules.map((schedule) => schedule.jitterMs),
      schedules.map(({ job }) => job?.entrypoint ?? null),
      schedules.map(({ job }) => job?.priority ?? 0),
      schedules.map(({ job }) => job?.payload.json ?? null),
      schedules.map(({ job }) => job?.payload.bytes ?? null),
      schedules.map(({ job }) => job?.headers ?? null),
      schedules.map(({ job }) => job?.maxAttempts ?? null),
      schedules.map(({ job }) => job?.timeoutMs ?? null),
      schedules.map(({ job }) => job?.expireMs ?? null),
      schedules.map((schedule) => schedule.nextRun),
      this.#statements.channel,
    ])
    return rows
      .filter((row) => row.was_known)
      .map((row) => ({ name: row.name, expression: row.old_expression, timezone: row.old_timezone }))
  }

  async plan(entries: readonly { readonly name: string; readonly revision: string; readonly nextRun: Date }[]) {
    await this.#statements.run(this.#on, "plan_schedules", [
      entries.map((entry) => entry.name),
      entries.map((entry) => entry.revision),
      entries.map((entry) => entry.nextRun),
    ])
  }

  async startTicks(workerId: string, requests: readonly TickRequest[]): Promise<TicksReply> {
    const ticks = requests.flatMap(({ name, ticks }) => ticks.map((tick) => ({ name, ...tick })))
    const rows = await this.#statements.run<TickRow>(this.#on, "start_ticks", [
      workerId,
      requests.map((request) => request.name),
      requests.map((request) => request.expected),
      requests.map((request) => request.revision),
      requests.map((request) => request.due),
      requests.map((request) => request.following),
      ticks.map((tick) => tick.name),
      ticks.map((tick) => tick.tick),
      ticks.map((tick) => tick.wish),
      ticks.map((tick) => (tick.wish === "skip" ? tick.reason : null)),
      this.#statements.channel,
      requests.map((request) => request.headers),
    ])
    const schedules = new Map(rows.map((row) => [row.name, asSeen(row)]))
    return {
      now: rows[0]!.now.getTime(),
      alive: rows[0]!.alive,
      schedules: [...schedules.values()],
      runs: asRuns(rows),
    }
  }

  async startWaiting(workerId: string, requests: readonly WaitingRequest[], limit: number): Promise<WaitingReply> {
    const rows = await this.#statements.run<WaitingRow>(this.#on, "start_waiting_runs", [
      workerId,
      requests.map((request) => request.name),
      limit,
      this.#statements.channel,
      requests.map((request) => request.headers),
      requests.map((request) => request.revision),
    ])
    const { now, alive, more_wait } = rows[0]!
    return { now: now.getTime(), alive, moreWait: more_wait, runs: asRuns(rows) }
  }

  async finish(workerId: string, ends: readonly RunEnd[], now: number) {
    const [row] = await this.#statements.run<{ ids: string[] | null; others_wait: boolean }>(this.#on, "finish_runs", [
      workerId,
      ends.map((end) => end.id),
      ends.map((end) => end.status),
      ends.map((end) => Math.max(0, now - end.endedAt)),
      ends.map((end) => end.error),
      ends.map((end) => end.traceback),
      this.#statements.channel,
    ])
    return { recorded: row!.ids ?? [], othersWait: row!.others_wait }
  }

  async release(workerId: string, runIds: readonly string[]): Promise<void> {
    await this.#statements.run(this.#on, "release_runs", [workerId, runIds, this.#statements.channel])
  }

  async releaseUnknown(workerId: string, known: readonly string[]) {
    const rows = await this.#statements.run<{ id: string }>(this.#on, "release_unknown_runs", [workerId, known])
    return rows.map(({ id }) => id)
  }

  async rescue(mostRescues: number) {
    const parameters = [mostRescues, this.#statements.channel]
    const rows = await this.#statements.run<RescuedRow>(this.#on, "rescue_runs", parameters)
    return rows.map(({ schedule, tick, attempt, again }) => ({ name: schedule, tick, attempt, again }))
  }
}

interface StoredRow extends Row {
  readonly now: Date
  /** Null: there is none of these schedules. */
  readonly name: string | null
  readonly expression: string
  readonly timezone: string
  readonly missed: string
  readonly overlap: string
  readonly jitter_ms: number
  readonly entrypoint: string | null
  readonly max_attempts: number | null
  readonly timeout_ms: number | null
  readonly expire_ms: number | null
  readonly headers: string | null
  readonly paused: boolean
  readonly next_run: Date | null
  readonly revision: string
  readonly waiting: boolean
}

interface RegisteredRow extends Row {
  readonly name: string
  readonly was_known: boolean
  readonly old_expression: string
  readonly old_timezone: string
}

interface RunRow extends Row {
  readonly now: Date
  readonly alive: boolean
  readonly name: string
  /** Null: nothing was started. */
  readonly run_id: string | null
  readonly tick: Date
  readonly status: ScheduleRunStatus
  readonly previous_tick: Date | null
  readonly attempt: number
  readonly job_id: string | null
}

interface TickRow extends RunRow {
  readonly known: boolean
  readonly next_run: Date | null
  readonly revision: string | null
  readonly taken: boolean
}

interface WaitingRow extends RunRow {
  readonly more_wait: boolean
}

interface RescuedRow extends Row {
  readonly schedule: string
  readonly tick: Date
  readonly attempt: number
  readonly again: boolean
}

function asStored(row: StoredRow): StoredSchedule {
  const { expression, timezone, missed, overlap, entrypoint, headers, paused, revision, waiting } = row
  return {
    ...{ name: row.name!, expression, timezone, missed, overlap, entrypoint, headers, paused, revision, waiting },
    jitterMs: row.jitter_ms,
    maxAttempts: row.max_attempts,
    timeoutMs: row.timeout_ms,
    expireMs: row.expire_ms,
    nextRun: row.next_run,
  }
}

function asSeen({ name, known, next_run, revision, taken }: TickRow): SeenSchedule {
  return { name, known, nextRun: next_run, revision, taken }
}

function asRuns(rows: readonly RunRow[]): readonly StartedRun[] {
  return rows.flatMap(({ run_id, name, tick, status, previous_tick, attempt, job_id }) =>
    run_id === null ? [] : [{ id: run_id, name, tick, status, previousTick: previous_tick, attempt, jobId: job_id }],
  )
}
