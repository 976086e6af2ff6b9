import type { Status } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type {
  EntrypointChange,
  EntrypointLimits,
  JobFacts,
  LimitSources,
  OperationStore,
  SetByHand,
  WorkerRecord,
  WorkerState,
} from "../../ports/operation-store.js"
import type { Statements } from "./statement.js"
import { readVitals } from "./vitals-column.js"

/** Limits, pauses and workers, as people see and change them. */
export class PostgresOperationStore implements OperationStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async listLimits(entrypoint: string | null): Promise<readonly EntrypointLimits[]> {
    const rows = await this.#statements.run<LimitsRow>(this.#on, "list_limits", [entrypoint])
    return rows.map(asLimits)
  }

  async changeEntrypoint(entrypoint: string, change: EntrypointChange): Promise<void> {
    await this.#statements.run(this.#on, "ensure_entrypoint", [entrypoint])
    await this.#statements.run(this.#on, "change_entrypoint", [
      entrypoint,
      ...columnsOf(change.concurrencyLimit),
      ...columnsOf(change.requestsPerSecond),
      change.paused ?? null,
      this.#statements.channel,
    ])
  }

  async listWorkers(all: boolean): Promise<readonly WorkerRecord[]> {
    const rows = await this.#statements.run<WorkerRow>(this.#on, "list_workers", [all])
    return rows.map(asWorker)
  }

  async drainWorkers(ids: readonly string[]) {
    return this.#statements.run<DrainRow>(this.#on, "drain_workers", [ids, this.#statements.channel])
  }

  async findFacts(id: string, aheadAtMost: number): Promise<JobFacts | undefined> {
    const [row] = await this.#statements.run<FactsRow>(this.#on, "explain_job", [id, aheadAtMost])
    return row === undefined ? undefined : asFacts(row)
  }
}

interface LimitsRow extends Row {
  readonly entrypoint: string
  readonly code_concurrency_limit: number | null
  readonly concurrency_limit_is_set: boolean
  readonly set_concurrency_limit: number | null
  readonly code_requests_per_second: number | null
  readonly requests_per_second_is_set: boolean
  readonly set_requests_per_second: number | null
  readonly paused: boolean
  readonly in_use: number
  readonly lent: number
  readonly workers: number
  readonly known: boolean
}

interface WorkerRow extends Row {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly entrypoints: readonly string[]
  readonly started_at: Date
  readonly heartbeat_at: Date
  readonly stopped_at: Date | null
  readonly drain_requested_at: Date | null
  readonly lost: boolean
  readonly heartbeat_timeout_ms: number
  readonly silent_ms: number
  readonly held: string | null
  readonly vitals: string | null
}

interface DrainRow extends Row {
  readonly id: string
  readonly asked: boolean
  readonly known: boolean
}

interface FactsRow extends Row {
  readonly entrypoint: string
  readonly status: Status | null
  readonly attempt: number | null
  readonly error: string | null
  readonly finished_at: Date | null
  readonly due_in_ms: number | null
  readonly expires_in_ms: number | null
  readonly rescues: number | null
  readonly ahead: number
  readonly higher: number
  readonly paused: boolean
  readonly slots: number | null
  readonly rate: number | null
  readonly next_start_in_ms: number | null
  readonly claim: string | null
  readonly workers: string | null
  readonly past_workers: string | null
  readonly holders: string | null
}

function columnsOf(change: SetByHand | undefined): readonly [boolean | null, number | null] {
  if (change === undefined) return [null, null]
  return change === "reset" ? [false, null] : [true, change.value]
}

function asLimits(row: LimitsRow): EntrypointLimits {
  return {
    entrypoint: row.entrypoint,
    concurrencyLimit: sources(row.code_concurrency_limit, row.concurrency_limit_is_set, row.set_concurrency_limit),
    requestsPerSecond: sources(
      row.code_requests_per_second,
      row.requests_per_second_is_set,
      row.set_requests_per_second,
    ),
    paused: row.paused,
    inUse: row.in_use,
    lent: row.lent,
    workers: row.workers,
    known: row.known,
  }
}

function sources(code: number | null, isSet: boolean, set: number | null): LimitSources {
  return isSet ? { code, set, effective: set } : { code, effective: code }
}

function asWorker(row: WorkerRow): WorkerRecord {
  return {
    id: row.id,
    host: row.host,
    pid: row.pid,
    version: row.version,
    entrypoints: row.entrypoints,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    stoppedAt: row.stopped_at,
    state: stateOf(row),
    silentMs: row.silent_ms,
    holds: row.held === null ? {} : JSON.parse(row.held),
    vitals: readVitals(row.vitals),
  }
}

function stateOf({ stopped_at, drain_requested_at, lost, silent_ms, heartbeat_timeout_ms }: WorkerRow): WorkerState {
  if (lost) return "lost"
  if (stopped_at !== null) return "stopped"
  if (silent_ms > (heartbeat_timeout_ms * 2) / 3) return "silent"
  return drain_requested_at === null ? "running" : "draining"
}

function asFacts(row: FactsRow): JobFacts {
  return {
    entrypoint: row.entrypoint,
    status: row.status,
    attempt: row.attempt ?? 1,
    error: row.error,
    finishedAt: row.finished_at,
    dueInMs: row.due_in_ms,
    expiresInMs: row.expires_in_ms,
    rescues: row.rescues ?? 0,
    ahead: row.ahead,
    higher: row.higher,
    paused: row.paused,
    concurrencyLimit: row.slots,
    requestsPerSecond: row.rate,
    nextStartInMs: row.next_start_in_ms,
    claim: row.claim === null ? null : JSON.parse(row.claim),
    workers: row.workers === null ? [] : JSON.parse(row.workers),
    pastWorkers: row.past_workers === null ? [] : JSON.parse(row.past_workers),
    holders: row.holders === null ? [] : JSON.parse(row.holders),
  }
}
