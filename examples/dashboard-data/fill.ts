import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

/** What runs in a shop: how many a minute at noon, how long a run takes in ms, how many in a thousand fail. */
const entrypoints = [
  { name: "email.send", perMinute: 90, runMs: 120, failing: 6 },
  { name: "order.confirm", perMinute: 40, runMs: 45, failing: 1 },
  { name: "image.resize", perMinute: 25, runMs: 850, failing: 3 },
  { name: "webhook.deliver", perMinute: 60, runMs: 260, failing: 45 },
  { name: "search.index", perMinute: 120, runMs: 18, failing: 0 },
  { name: "invoice.render", perMinute: 8, runMs: 2_400, failing: 2 },
] as const

const schedules = ["stock.count", "newsletter.send", "report.daily", "sessions.clean"]

const errors = ["TypeError: fetch failed", "Error: connect ETIMEDOUT 203.0.113.7:443", "Error: 502 Bad Gateway"]

/** Fills an empty queue of PGQUEUER_SCHEMA with a realistic day, for pictures and trials. It writes into the tables: never use it on a queue at work. */
const schema = process.env["PGQUEUER_SCHEMA"] ?? "pgqueuer"
if (!/^[a-z_][a-z0-9_]*$/.test(schema)) throw new Error(`PGQUEUER_SCHEMA is no plain name: ${schema}`)
const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool), { schema })
await queries.install()
if ((await queries.jobs({ limit: 1 })).length > 0) throw new Error(`there are jobs in ${schema} already`)
for (const [index, { name, perMinute, runMs, failing }] of entrypoints.entries()) {
  await fillRollups(name, perMinute, runMs, failing)
  await fillJobs(index + 1, name, perMinute, runMs, failing)
}
await fillHeld("invoice.render", 5, "Error: the template has no field total")
await fillSamples()
await fillWorkers()
await fillRunning()
await fillSchedules()
await fillAudit()
await queries.setLimits("image.resize", { concurrencyLimit: 8 })
await queries.setLimits("webhook.deliver", { requestsPerSecond: 20 })
for (const { name, perMinute } of entrypoints) {
  await queries.enqueueMany(
    Array.from({ length: perMinute }, (_, n) => ({
      entrypoint: name,
      payload: { order: 48_000 + n },
      priority: n % 9 === 0 ? 5 : 0,
    })),
  )
}
await queries.enqueueMany(
  Array.from({ length: 35 }, (_, n) => ({
    entrypoint: "email.send",
    payload: { digest: n },
    executeAfter: "3h" as const,
  })),
)
await pool.end()

/** More by day than by night, and a peak when the newsletter goes out. */
function load(alias: string): string {
  const hour = `(extract(epoch from ${alias}::time)::float8 / 3600)`
  return `(0.25 + 0.75 * greatest(0, sin((${hour} - 6) * pi() / 14)) + 0.8 * exp(greatest(-50, -power((${hour} - 10.3) / 0.5, 2))))`
}

/** Numbers of each minute and hour of the last day, for the entrypoint and for all together (the name is empty). */
async function fillRollups(name: string, perMinute: number, runMs: number, failing: number): Promise<void> {
  const bucket = (ms: number) => Math.ceil(10 * Math.log10(ms * 10))
  for (const entrypoint of [name, ""])
    for (const [span, minutes] of [
      ["minute", 1],
      ["hour", 60],
    ] as const) {
      await pool.query(
        `insert into ${schema}.rollup (span, entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
        run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
      select $7, $1, at, n - bad, bad, 0, 0, 0, bad, 0, n * $3::float8, array[$5::int + k, $5::int + k + 2, $5::int + k + 5]::smallint[],
        array[n - n / 4 - n / 40, n / 4, n / 40]::bigint[], n * 20, array[$6::int + 2 * k, $6::int + 2 * k + 6]::smallint[], array[n - n / 8, n / 8]::bigint[]
      from (
        select at, n, (n * $4::float8 / 1000 * (0.5 + random()))::bigint as bad, floor(random() * 3)::int as k
        from (
          select at, greatest(1, ($2::float8 * ${load("at")} * (0.85 + random() * 0.3))::bigint) as n
          from generate_series(date_trunc($7, now()) - interval '24 hours', date_trunc($7, now()), ('1 ' || $7)::interval) as at
        ) as counted
      ) as numbers`,
        [entrypoint, perMinute * minutes, runMs, failing, bucket(runMs), bucket(18), span],
      )
    }
}

/** The newest of the jobs themselves, with their ends, errors and tracebacks. */
async function fillJobs(seed: number, name: string, perMinute: number, runMs: number, failing: number): Promise<void> {
  await pool.query(
    `with made as (
      insert into ${schema}.job (entrypoint, payload, headers, created_at)
      select $1, json_build_object('order', 40000 + n, 'customer', json_build_object('id', n * 7 % 9000, 'mail', 'customer' || n || '@example.com')),
        json_build_object('source', 'shop'), now() - n * interval '1 minute' / $2::float8
      from generate_series($2::int * 20, 1, -1) as n
      returning id, entrypoint, created_at
    ),
    ended as (
      insert into ${schema}.outcome (job_id, entrypoint, status, attempt, worker_id, started_at, finished_at, error)
      select id, entrypoint, case when bad then 'exception' else 'successful' end, 1, 1, created_at + interval '20 ms',
        created_at + interval '20 ms' + $3::float8 * (0.5 + random()) * interval '1 ms', case when bad then ($5::text[])[1 + (id % 3)::int] end
      from (select *, random() * 1000 < $4::float8 as bad from made) as drawn
      returning job_id, finished_at, error
    )
    insert into ${schema}.failure (job_id, attempt, worker_id, failed_at, error, traceback)
    select job_id, 1, 1, finished_at, error, error || E'\\n    at deliver (file:///app/handlers/${seed}.js:41:11)\\n    at run (file:///app/worker.js:9:5)'
    from ended where error is not null`,
    [name, perMinute, runMs, failing, errors],
  )
}

async function fillSamples(): Promise<void> {
  await pool.query(
    `insert into ${schema}.sample (kind, label, at, value)
    select kind, label, at, round(most * share * ${load("at")} * (0.7 + random() * 0.6))
    from (values ('queued', 400), ('deferred', 90), ('picked', 60), ('failed', 6)) as kinds (kind, most),
      unnest($1::text[], $2::float8[]) as labels (label, share),
      generate_series(date_trunc('minute', now()) - interval '24 hours', date_trunc('minute', now()), interval '1 minute') as at`,
    [
      ["", ...entrypoints.map(({ name }) => name)],
      [1, ...entrypoints.map(({ perMinute }) => perMinute / 343)],
    ],
  )
  await pool.query(
    `insert into ${schema}.sample (kind, label, at, value)
    select kind, label, at, round(case kind when 'table-bytes' then most * (0.9 + 0.1 * n / 1440) else most * ${load("at")} * (0.3 + n % 20 / 20.0) end)
    from (values
      ('table-bytes', 'job', 61e6), ('table-bytes', 'outcome', 24e6), ('table-bytes', 'ready', 4e6), ('table-bytes', 'claim', 1e6), ('table-bytes', 'failure', 3e6),
      ('dead-rows', 'ready', 900), ('dead-rows', 'claim', 400), ('dead-rows', 'deferred', 60), ('dead-rows', 'job', 0)
    ) as kinds (kind, label, most),
      generate_series(0, 1440) as n
    cross join lateral (select date_trunc('minute', now()) - (1440 - n) * interval '1 minute' as at) as moment`,
  )
}

/** Three workers that look alive for ten minutes. */
async function fillWorkers(): Promise<void> {
  const batches = { jobs: 41_000, times: { count: 0, sumMs: 0, buckets: [] } }
  await pool.query(
    `insert into ${schema}.worker (host, pid, version, entrypoints, schedules, heartbeat_timeout_ms, started_at, heartbeat_at, vitals)
    select 'worker-' || n, 4000 + n, '0.1.0', $1::text[], $3::text[], 900000, now() - n * interval '7 hours', now(), json_build_object(
      'running', 8, 'waiting', 0, 'eventLoopLagMs', n, 'worstEventLoopLagMs', n * 4, 'listen', 'listening', 'memoryBytes', 96000000 + n * 3700000,
      'cpuMs', n * 400000, 'claims', $2::json, 'acknowledgements', $2::json, 'leaseLosses', 0)
    from generate_series(1, 3) as n`,
    [entrypoints.map(({ name }) => name), JSON.stringify(batches), schedules],
  )
}

/** What the workers hold. */
async function fillRunning(): Promise<void> {
  await pool.query(
    `with made as (
      insert into ${schema}.job (entrypoint, payload, headers, created_at)
      select name, json_build_object('order', 48100 + n), json_build_object('source', 'shop'), now() - n * interval '400 ms'
      from unnest($1::text[]) as name, generate_series(1, 4) as n
      returning id, entrypoint
    )
    insert into ${schema}.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
    select worker.id, entrypoint, array_agg(made.id), array_agg(made.id), array_agg(-1), array_agg(1)
    from made join ${schema}.worker as worker on worker.id % 3 = made.id % 3
    group by worker.id, entrypoint`,
    [entrypoints.map(({ name }) => name)],
  )
}

/** Jobs that failed for good and wait for a decision. */
async function fillHeld(name: string, count: number, error: string): Promise<void> {
  await pool.query(
    `with made as (
      insert into ${schema}.job (entrypoint, payload, headers, created_at)
      select $1, json_build_object('order', 47100 + n), json_build_object('source', 'shop'), now() - n * interval '19 minutes'
      from generate_series(1, $2::int) as n
      returning id, created_at
    ),
    kept as (
      insert into ${schema}.held (job_id, entrypoint, rank, attempt, rescues, worker_id, held_at, error)
      select id, $1, -1, 1, 0, 1, created_at + interval '2500 ms', $3 from made
    )
    insert into ${schema}.failure (job_id, attempt, worker_id, failed_at, error, traceback)
    select id, 1, 1, created_at + interval '2500 ms', $3, $3 || E'\\n    at render (file:///app/handlers/invoice.js:87:15)' from made`,
    [name, count, error],
  )
}

async function fillSchedules(): Promise<void> {
  await pool.query(
    `with made as (
      insert into ${schema}.schedule (name, expression, timezone, next_run, last_run, starts)
      select name, expression, zone, date_trunc('minute', now()) + every * interval '1 minute', date_trunc('minute', now()) - every * interval '1 minute', 40
      from (values
        ('stock.count', '*/15 * * * *', 'UTC', 15), ('newsletter.send', '0 10 * * mon-fri', 'Europe/Berlin', 700),
        ('report.daily', '0 6 * * *', 'Europe/Berlin', 500), ('sessions.clean', '30 3 * * *', 'UTC', 900)
      ) as rows (name, expression, zone, every)
      returning name, last_run
    )
    insert into ${schema}.schedule_run (schedule, tick, status, worker_id, created_at, started_at, finished_at, error)
    select name, tick, case when bad then 'exception' else 'successful' end, 1, tick, tick + interval '40 ms', tick + interval '640 ms',
      case when bad then 'Error: the warehouse does not answer' end
    from (
      select name, last_run - (n - 1) * interval '15 minutes' as tick, name = 'stock.count' and n = 7 as bad
      from made, generate_series(12, 1, -1) as n
      where name = 'stock.count' or n = 1
    ) as runs
    order by tick`,
  )
}

async function fillAudit(): Promise<void> {
  await pool.query(
    `insert into ${schema}.audit (at, person, role, action, target, done, result, finished_at)
    select now() - ago * interval '1 minute', person, role, action, target, true, result, now() - ago * interval '1 minute'
    from (values
      (790, 'ann', 'admin', 'change limits', 'image.resize', 'image.resize: concurrency 8 by hand, rate without limit as the code says.'),
      (412, 'ben', 'operator', 'trigger schedule', 'stock.count', 'The schedule stock.count is asked to run.'),
      (95, 'ann', 'admin', 'pause entrypoint', 'webhook.deliver', 'webhook.deliver is paused: no worker takes another job of it.'),
      (71, 'ann', 'admin', 'resume entrypoint', 'webhook.deliver', 'webhook.deliver goes on.')
    ) as rows (ago, person, role, action, target, result)`,
  )
}
