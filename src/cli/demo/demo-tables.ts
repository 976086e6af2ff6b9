import type { PgPoolDriver } from "../../adapters/drivers/pg-pool-driver.js"
import { everySecond } from "./plan.js"

/** What the demo reads and writes beside the queue itself, in the schema of its own. */
export class DemoTables {
  readonly #driver: PgPoolDriver
  readonly #schema: string

  constructor(driver: PgPoolDriver, schema: string) {
    this.#driver = driver
    this.#schema = schema
  }

  /** The handlers' own log of runs. */
  async create(): Promise<void> {
    await this.#driver.query(
      `create table ${this.#schema}.demo_run (
        job_id bigint not null, attempt integer not null, pid integer not null, started_at timestamptz not null default clock_timestamp()
      )`,
    )
  }

  async drop(): Promise<void> {
    await this.#driver.query(`drop schema if exists ${this.#schema} cascade`)
  }

  async countWorkers(): Promise<number> {
    return this.#number(`select count(*)::int as n from ${this.#schema}.worker where stopped_at is null`)
  }

  async countEnded(): Promise<number> {
    return this.#number(`select count(*)::int as n from ${this.#schema}.outcome`)
  }

  /** How many jobs a process holds, or held when it died. */
  async countHeldBy(pid: number): Promise<number> {
    return this.#number(
      `select coalesce(sum(cardinality(claim.job_ids)), 0)::int as n
      from ${this.#schema}.claim as claim
      join ${this.#schema}.worker as worker on worker.id = claim.worker_id
      where worker.pid = ${pid}`,
    )
  }

  /** How each of these jobs ended; an unfinished or unknown one is not in the map. */
  async endsOf(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#driver.query<{ status: string; n: number }>(
      `select status, count(*)::int as n from ${this.#schema}.outcome where job_id = any ($1::bigint[]) group by status order by status`,
      [[...ids]],
    )
    return new Map(rows.map(({ status, n }) => [status, n]))
  }

  async measure(): Promise<Measures> {
    const [row] = await this.#driver.query<{ [M in keyof Measures]: number }>(
      `with run as (
        select job_id, attempt, count(*) as times from ${this.#schema}.demo_run group by job_id, attempt
      ),
      pick_up as (
        select extract(epoch from started_at - created_at) * 1000 as ms
        from ${this.#schema}.job_status where entrypoint = 'greeting' and attempt = 1
      )
      select
        (select coalesce(sum(times), 0) from run)::int as "runs",
        (select count(*) from run where times > 1)::int as "ranTwice",
        (select count(*) from run where attempt > 1)::int as "retried",
        (select extract(epoch from max(finished_at) - min(finished_at)) from ${this.#schema}.outcome)::float8 as "seconds",
        (select max(n) from (
          select count(*) as n from ${this.#schema}.outcome group by date_trunc('second', finished_at)
        ) as second)::int as "busiestSecond",
        (select percentile_cont(0.5) within group (order by ms) from pick_up)::float8 as "pickUpP50Ms",
        (select percentile_cont(0.99) within group (order by ms) from pick_up)::float8 as "pickUpP99Ms"`,
    )
    return row as Measures
  }

  /** What became of each second from the schedule's first tick to its last. */
  async accountForTicks(): Promise<Ticks> {
    const [row] = await this.#driver.query<{ [T in keyof Ticks]: number }>(
      `select
        count(distinct tick) filter (where status = 'successful')::int as "run",
        (extract(epoch from max(tick) - min(tick)) + 1 - count(distinct tick) filter (where status = 'successful'))::int as "missing",
        (count(*) filter (where attempt = 1) - count(distinct tick))::int as "startedTwice",
        (count(*) filter (where status = 'lost'))::int as "lost",
        percentile_cont(0.95) within group (
          order by extract(epoch from started_at - tick) * 1000
        ) filter (where attempt = 1)::float8 as "lateP95Ms"
      from ${this.#schema}.schedule_run
      where schedule = $1`,
      [everySecond],
    )
    return row as Ticks
  }

  async #number(sql: string): Promise<number> {
    const [row] = await this.#driver.query<{ n: number }>(sql)
    return row?.n ?? 0
  }
}

export interface Measures {
  /** As the handlers logged them. */
  readonly runs: number
  /** Attempts of jobs that were begun more than once. */
  readonly ranTwice: number
  readonly retried: number
  /** From the first end of a job to the last. */
  readonly seconds: number
  readonly busiestSecond: number
  readonly pickUpP50Ms: number
  readonly pickUpP99Ms: number
}

export interface Ticks {
  readonly run: number
  readonly missing: number
  readonly startedTwice: number
  /** Under way when their worker died, and run again by the other one. */
  readonly lost: number
  readonly lateP95Ms: number
}
