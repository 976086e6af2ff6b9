import type { Status } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import {
  type FoundPage,
  type JobPageRequest,
  type JobPageStore,
  type JobRow,
  type PagedJob,
  type QueuedWalk,
  type StoredText,
  type ValueName,
  valueNames,
} from "../../ports/job-page-store.js"
import type { Statements } from "./statement.js"

const longestShown = 16 * 1_024
const longestSearched = 64 * 1_024

/** Lists jobs. */
export class PostgresJobPageStore implements JobPageStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async findPage(request: JobPageRequest): Promise<FoundPage> {
    const { order, status, entrypoint, priority, worker, createdFrom, createdBefore, after, limit } = request
    const statement = order === "newest" ? "find_newest_jobs" : "find_oldest_jobs"
    const rows = await this.#statements.run<FoundRow>(this.#on, statement, [
      ...[status, entrypoint, priority, worker, createdFrom, createdBefore, after],
      ...[limit, request.lookAtMost],
    ])
    const jobs = rows.flatMap(({ id, cursor }) => (id === null ? [] : { id, cursor }))
    if (jobs.length === limit) return { jobs, next: jobs.at(-1)!.cursor, looked: null }
    const end = await this.#findEnd(request, rows.at(-1))
    if (end === null) return { jobs, next: null, looked: null }
    // Of two places one was looked at further than the other; what lies behind comes with the next page.
    const isBehind = ({ cursor }: PagedJob) =>
      order === "newest" ? BigInt(cursor) < BigInt(end.cursor) : BigInt(cursor) > BigInt(end.cursor)
    return { jobs: jobs.filter((job) => !isBehind(job)), next: end.cursor, looked: end.looked }
  }

  /** How far a page was looked for that is not full; null when there is nothing behind it. */
  async #findEnd(
    { order, status, worker, after, lookAtMost }: JobPageRequest,
    last: FoundRow | undefined,
  ): Promise<{ readonly looked: number; readonly cursor: string } | null> {
    if (last !== undefined && last.id === null) return { looked: last.looked ?? 0, cursor: last.cursor }
    if (status === "queued" || status === "picked") return null
    const statement = order === "newest" ? "find_newest_end" : "find_oldest_end"
    const rows = await this.#statements.run<{ looked: number; cursor: string | null }>(this.#on, statement, [
      ...[status, worker, after, lookAtMost],
    ])
    const { looked, cursor } = rows[0]!
    return looked < lookAtMost || cursor === null ? null : { looked, cursor }
  }

  async walkQueued({ entrypoint, priority, createdFrom, createdBefore, after, lookAtMost }: QueuedWalk) {
    const [row] = await this.#statements.run<WalkedRow>(this.#on, "walk_queued", [
      ...[entrypoint, priority, createdFrom, createdBefore],
      ...[after?.entrypoint ?? null, after?.rank ?? null, after?.seq ?? null, lookAtMost],
    ])
    if (row === undefined) return { ids: [], next: null }
    const { looked, ids, ...last } = row
    return { ids, next: looked < lookAtMost ? null : last }
  }

  async describe(ids: readonly string[]): Promise<readonly JobRow[]> {
    const rows = await this.#statements.run<DescribedRow>(this.#on, "describe_jobs", [ids, longestShown])
    const found = new Map(rows.map((row) => [row.id, asJobRow(row)]))
    return ids.flatMap((id) => found.get(id) ?? [])
  }

  async findText(ids: readonly string[], text: string): Promise<ReadonlySet<string>> {
    const parameters = [ids, text.toLowerCase(), longestSearched, /^[\x20-\x7e]*$/.test(text)]
    const rows = await this.#statements.run<{ id: string }>(this.#on, "find_text", parameters)
    return new Set(rows.map(({ id }) => id))
  }

  async readValues(id: string, most: number | null): Promise<Partial<Readonly<Record<ValueName, StoredText>>>> {
    const [row] = await this.#statements.run<ValuesRow>(this.#on, "read_values", [id, most])
    const found = valueNames.flatMap((name) => {
      const text = row?.[name] ?? null
      return text === null ? [] : [[name, { text, length: row![`${name}_length`]! }]]
    })
    return Object.fromEntries(found)
  }

  async findErrors(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#statements.run<{ id: string; error: string }>(this.#on, "find_errors", [ids])
    return new Map(rows.map(({ id, error }) => [id, error]))
  }

  async copy(id: string): Promise<string | undefined> {
    const [row] = await this.#statements.run<{ id: string }>(this.#on, "copy_job", [id, this.#statements.channel])
    return row?.id
  }
}

interface FoundRow extends Row {
  /** Null in the row that says how far it was looked. */
  readonly id: string | null
  readonly cursor: string
  readonly looked: number | null
}

type ValuesRow = Row & {
  readonly [N in ValueName | `${ValueName}_length`]: (N extends ValueName ? string : number) | null
}

interface WalkedRow extends Row {
  readonly looked: number
  readonly ids: readonly string[]
  readonly entrypoint: string
  readonly rank: number
  readonly seq: string
}

interface DescribedRow extends Row {
  readonly id: string
  readonly entrypoint: string
  readonly status: Status | null
  readonly priority: number
  readonly attempt: number | null
  readonly created_at: Date
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly worker_id: string | null
  readonly error: string | null
  readonly headers: string | null
  readonly payload: string | null
  readonly payload_bytes: number | null
  readonly bytes: number | null
}

function asJobRow(row: DescribedRow): JobRow {
  const { id, entrypoint, priority, error } = row
  return {
    ...{ id, entrypoint, priority, error },
    // A job that is moving between two places is one that waits.
    status: row.status ?? "queued",
    attempt: row.attempt ?? 1,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    workerId: row.worker_id,
    headers: row.headers === null ? {} : JSON.parse(row.headers),
    payload: payloadOf(row),
  }
}

function payloadOf({ payload, payload_bytes, bytes }: DescribedRow): JobRow["payload"] {
  if (bytes !== null) return { kind: "bytes", bytes }
  if (payload_bytes === null) return { kind: "none" }
  return {
    kind: "json",
    bytes: payload_bytes,
    ...(payload === null ? {} : { value: JSON.parse(payload), text: payload }),
  }
}
