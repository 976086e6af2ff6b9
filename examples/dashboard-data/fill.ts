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
await fillSamples()
await fillWorkers()
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
  return `(0.25 + 0.75 * greatest(0, sin((extract(hour from ${alias}) - 6) * pi() / 14)) + case when extract(hour from ${alias}) = 10 then 0.8 else 0 end)`
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
      select $7, $1, at, n - bad, bad, 0, 0, 0, bad, 0, n * $3::float8, array[$5::smallint, $5::smallint + 2, $5::smallint + 5]::smallint[],
        array[n - n / 4 - n / 40, n / 4, n / 40]::bigint[], n * 20, array[$6::smallint, $6::smallint + 6]::smallint[], array[n - n / 8, n / 8]::bigint[]
      from (
        select at, n, (n * $4::float8 / 1000 * (0.5 + random()))::bigint as bad
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
}

/** Three workers that look alive for a quarter of an hour. */
async function fillWorkers(): Promise<void> {
  await pool.query(
    `insert into ${schema}.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, started_at, heartbeat_at)
    select 'worker-' || n, 4000 + n, '0.1.0', $1::text[], 900000, now() - n * interval '7 hours', now() from generate_series(1, 3) as n`,
    [entrypoints.map(({ name }) => name)],
  )
}
