import type { TestQueue } from "./queue.js"

export interface StoredSchedule {
  readonly expression?: string
  readonly timezone?: string
  readonly entrypoint?: string
  readonly paused?: boolean
  readonly nextRun?: string | null
}

/** A schedule as the worker that registered it has left it. */
export async function storeSchedule(queue: TestQueue, name: string, schedule: StoredSchedule = {}): Promise<void> {
  const { expression = "0 9 * * *", timezone = "UTC", entrypoint = null, paused = false } = schedule
  const { nextRun = "2100-01-01T09:00:00Z" } = schedule
  await queue.sql(
    `insert into pgqueuer.schedule (name, expression, timezone, entrypoint, paused, next_run)
     values ($1, $2, $3, $4, $5, $6)`,
    [name, expression, timezone, entrypoint, paused, nextRun],
  )
}

/** The row of a worker that runs, as far as others can see, and has code for these schedules. */
export async function storeWorker(queue: TestQueue, schedules: readonly string[]): Promise<string> {
  const [row] = await queue.sql<{ id: string }>(
    `insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, schedules)
     values ('here', 1, '0', '{}', 60000, $1) returning id::text as id`,
    [schedules],
  )
  return row!.id
}

/** A run, with the columns that are given. */
export async function storeRun(queue: TestQueue, run: Readonly<Record<string, unknown>>): Promise<string> {
  const columns = { tick: "2026-01-01T00:00:00Z", ...run }
  const places = Object.keys(columns).map((_, index) => `$${index + 1}`)
  const [row] = await queue.sql<{ id: string }>(
    `insert into pgqueuer.schedule_run (${Object.keys(columns).join(", ")}) values (${places.join(", ")})
     returning id::text as id`,
    Object.values(columns),
  )
  return row!.id
}
