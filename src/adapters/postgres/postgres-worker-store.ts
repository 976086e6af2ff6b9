import type { Clock } from "../../ports/clock.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { WakeUp } from "../../ports/job-store.js"
import type { Vitals } from "../../ports/vitals.js"
import type {
  Beat,
  ClaimedJob,
  CompletionReply,
  CompletionRequest,
  CompletionVerdict,
  ExchangeReply,
  ExchangeRequest,
  Expiration,
  JobSettings,
  LogNote,
  OwnClaim,
  PendingCompletion,
  ProgressNote,
  Promotion,
  Report,
  RescuedJob,
  WorkerIdentity,
  WorkerStore,
} from "../../ports/worker-store.js"
import { PostgresLimitStore } from "./postgres-limit-store.js"
import { PostgresScheduleStore } from "./postgres-schedule-store.js"
import { rollupOf } from "./report-rollup.js"
import type { Statements } from "./statement.js"

/** What a worker does with the database, on one session. */
export class PostgresWorkerStore implements WorkerStore {
  readonly limits: PostgresLimitStore
  readonly schedules: PostgresScheduleStore
  readonly #on: Queryable
  readonly #statements: Statements
  readonly #clock: Clock

  constructor(on: Queryable, statements: Statements, clock: Clock) {
    this.limits = new PostgresLimitStore(on, statements)
    this.schedules = new PostgresScheduleStore(on, statements)
    this.#on = on
    this.#clock = clock
    this.#statements = statements
  }

  async startWorker(identity: WorkerIdentity): Promise<string> {
    const [row] = await this.#statements.run<{ id: string }>(this.#on, "start_worker", [
      identity.host,
      identity.pid,
      identity.version,
      identity.entrypoints,
      identity.heartbeatTimeoutMs,
      identity.schedules,
    ])
    return row!.id
  }

  async stopWorker(workerId: string): Promise<void> {
    await this.#statements.run(this.#on, "stop_worker", [workerId])
  }

  async exchange(request: ExchangeRequest, signal?: AbortSignal): Promise<ExchangeReply> {
    const claim = [request.workerId, ...rangeColumns(request), request.leases, request.limit]
    const handIn = () => [
      ...reportColumns(request),
      ...[this.#statements.channel, this.#statements.endChannel],
      rollupOf(request.reports),
    ]
    const sentAt = this.#clock.monotonic()
    const options = signal === undefined ? undefined : { signal }
    const rows = await (request.reports.length === 0
      ? this.#statements.run<ExchangeRow>(this.#on, "claim", claim, options)
      : this.#statements.run<ExchangeRow>(this.#on, "exchange", [...claim, ...handIn()], options))
    const { alive, now_ms, promised, rules, refused } = rows[0]!
    // The statement ran about half-way between its sending and its reply.
    const offset = (sentAt + this.#clock.monotonic()) / 2 - now_ms
    const jobs = rows[0]!.token === null ? [] : (rows as readonly JobRow[]).map((row) => asClaimedJob(row, offset))
    return { alive, promised: promised ?? 0, rules, refused: refused ?? [], jobs }
  }

  async claimSuspect(
    workerId: string,
    entrypoints: readonly string[],
    leases: readonly string[],
  ): Promise<ClaimedJob | undefined> {
    const [row] = await this.#statements.run<JobRow>(this.#on, "claim_suspect", [workerId, entrypoints, leases])
    return row === undefined ? undefined : asClaimedJob(row, null)
  }

  async promoteDue(limit: number): Promise<Promotion> {
    const [row] = await this.#statements.run<PromotionRow>(this.#on, "promote_due", [limit, this.#statements.channel])
    const { promoted, entrypoints, seq, next_in_ms, next_due } = row!
    return { promoted, wakeUp: { entrypoints: entrypoints ?? [], seq }, nextInMs: next_in_ms, nextDue: next_due }
  }

  async expireDue(limit: number): Promise<Expiration> {
    const [row] = await this.#statements.run<ExpirationRow>(this.#on, "expire_due", [
      limit,
      this.#statements.endChannel,
    ])
    return { due: row!.due, ended: row!.ended, nextInMs: row!.next_in_ms }
  }

  async beat(workerId: string, vitals: Vitals, signal?: AbortSignal): Promise<Beat> {
    const options = signal === undefined ? undefined : { signal }
    const [row] = await this.#statements.run<BeatRow>(this.#on, "beat", [workerId, JSON.stringify(vitals)], options)
    return {
      alive: row!.alive,
      draining: row!.draining,
      tokens: row!.tokens ?? [],
      stopIds: row!.stop_ids ?? [],
      staleInMs: row!.stale_in_ms,
      orphans: row!.orphans,
      suspects: row!.suspects,
      dueInMs: row!.due_in_ms,
      expiresInMs: row!.expires_in_ms,
      rules: row!.rules,
    }
  }

  async findClaims(workerId: string): Promise<readonly OwnClaim[]> {
    const rows = await this.#statements.run<{ token: string; entrypoint: string; job_ids: string[] }>(
      this.#on,
      "find_claims",
      [workerId],
    )
    return rows.map((row) => ({ token: row.token, entrypoint: row.entrypoint, jobIds: row.job_ids }))
  }

  async writeProgress(notes: readonly ProgressNote[]): Promise<void> {
    await this.#statements.run(this.#on, "write_progress", [
      notes.map((note) => note.jobId),
      notes.map((note) => note.attempt),
      notes.map((note) => note.json),
    ])
  }

  async writeLogLines(lines: readonly LogNote[], now: number): Promise<void> {
    await this.#statements.run(this.#on, "write_log_lines", [
      lines.map((line) => line.jobId),
      lines.map((line) => line.attempt),
      lines.map((line) => line.level),
      lines.map((line) => line.message),
      lines.map((line) => line.fields),
      lines.map((line) => Math.max(0, now - line.at)),
    ])
  }

  markLostWorkers() {
    return this.#statements.run<{ id: string; host: string; pid: number }>(this.#on, "mark_lost_workers")
  }

  async takeOrphans(workerId: string) {
    const rows = await this.#statements.run<{ token: string; lost_worker_id: string }>(this.#on, "take_orphans", [
      workerId,
    ])
    return rows.map((row) => ({ token: row.token, lostWorkerId: row.lost_worker_id }))
  }

  async rescueClaims(
    workerId: string,
    orphans: readonly { readonly token: string; readonly lostWorkerId: string }[],
    maxRescues: number,
  ): Promise<readonly RescuedJob[]> {
    const rows = await this.#statements.run<RescuedJob & Row>(this.#on, "rescue_claims", [
      workerId,
      orphans.map((orphan) => orphan.token),
      orphans.map((orphan) => orphan.lostWorkerId),
      maxRescues,
      this.#statements.channel,
      this.#statements.endChannel,
    ])
    return rows.map(({ id, entrypoint, rescues, failed }) => ({ id, entrypoint, rescues, failed }))
  }

  async completeJob(request: CompletionRequest): Promise<CompletionReply> {
    const { workerId, token, id, runMs, waitMs, result, earlier } = request
    const [row] = await this.#statements.run<CompletionReply & Row>(this.#on, "complete_job", [
      ...[workerId, token, id, Math.round(runMs * 1_000), result, earlier],
      ...[this.#statements.endChannel, microseconds(waitMs)],
    ])
    return row!
  }

  async settleCompleted(pending: readonly PendingCompletion[]): Promise<ReadonlyMap<string, CompletionVerdict>> {
    const rows = await this.#statements.run<{ id: string; verdict: CompletionVerdict | null }>(
      this.#on,
      "settle_completed",
      [
        pending.map((completion) => completion.workerId),
        pending.map((completion) => completion.token),
        pending.map((completion) => completion.id),
        pending.map((completion) => completion.transaction),
        pending.filter((completion) => completion.keyed).map((completion) => completion.id),
      ],
    )
    return new Map(rows.flatMap(({ id, verdict }) => (verdict === null ? [] : [[id, verdict]])))
  }

  async notify(wakeUp: WakeUp): Promise<void> {
    await this.#statements.run(this.#on, "notify", [this.#statements.channel, JSON.stringify(wakeUp)])
  }
}

interface JobRow extends Row {
  readonly token: string
  readonly id: string
  readonly entrypoint: string
  readonly rank: number
  readonly seq: string
  readonly attempt: number
  readonly payload: string | null
  readonly payload_bytes: Uint8Array | null
  readonly headers: string | null
  readonly created_ms: number | null
  readonly settings: string | null
}

type ExchangeRow = { [K in keyof JobRow]: JobRow[K] | null } & {
  readonly alive: boolean
  readonly now_ms: number
  readonly promised: number | null
  readonly rules: string | null
  readonly refused?: readonly string[] | null
}

interface PromotionRow extends Row {
  readonly promoted: number
  readonly entrypoints: string[] | null
  readonly seq: string | null
  readonly next_in_ms: number | null
  readonly next_due: number | null
}

interface ExpirationRow extends Row {
  readonly due: number
  readonly ended: number
  readonly next_in_ms: number | null
}

interface BeatRow extends Row {
  readonly alive: boolean
  readonly draining: boolean
  readonly tokens: string[] | null
  readonly stop_ids: string[] | null
  readonly stale_in_ms: number | null
  readonly orphans: boolean
  readonly suspects: boolean
  readonly due_in_ms: number | null
  readonly expires_in_ms: number | null
  readonly rules: string | null
}

/** @param offset - from ms since 1970 by the database's clock to the clock of this process; null for a job that had started before */
function asClaimedJob(row: JobRow, offset: number | null): ClaimedJob {
  const settings = row.settings === null ? null : (JSON.parse(row.settings) as JobSettings)
  const readyMs = Math.max(row.created_ms ?? 0, settings?.dueMs ?? 0)
  return {
    token: row.token,
    id: row.id,
    entrypoint: row.entrypoint,
    rank: row.rank,
    seq: Number(row.seq),
    attempt: row.attempt,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
    headers: row.headers,
    createdAt: row.created_ms === null ? null : new Date(row.created_ms),
    readyAt: offset === null || row.attempt > 1 ? null : readyMs + offset,
    settings,
  }
}

function reportColumns({ reports, now }: ExchangeRequest) {
  const failures = reports.some((report) => "failure" in report)
  const failed = failures ? reports : []
  return [
    [...new Set(reports.map((report) => report.token))],
    reports.map((report) => report.token),
    reports.map((report) => report.id),
    reports.every((report) => report.status === "successful") ? [] : reports.map((report) => report.status),
    reports.map((report) => Math.max(0, Math.round((now - report.endedAt) * 1_000))),
    reports.map(({ runMs }) => microseconds(runMs)),
    failed.map((report) => (report.status === "deferred" ? report.delayMs : null)),
    failed.map((report) => failureOf(report)?.error ?? null),
    failed.map((report) => failureOf(report)?.traceback ?? null),
    reports.some(hasResult) ? reports.map((report) => (hasResult(report) ? report.result : null)) : [],
    reports.filter((report) => report.keyed).map((report) => report.id),
  ] as const
}

function microseconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds * 1_000)
}

function failureOf(report: Report) {
  return "failure" in report ? report.failure : undefined
}

function hasResult(report: Report): report is Report & { readonly result: string } {
  return "result" in report && report.result !== undefined
}

function rangeColumns({ ranges }: ExchangeRequest) {
  return [
    ranges.map((range) => range.entrypoint),
    ranges.map((range) => range.low),
    ranges.map((range) => range.mark),
    ranges.map((range) => range.high),
    ranges.map((range) => range.peek),
    ranges.some((range) => range.most !== null) ? ranges.map((range) => range.most) : [],
  ] as const
}
