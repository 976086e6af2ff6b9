// A queue with a large backlog and history, and what the server takes: for the scripts that measure reading.
import { readFile } from "node:fs/promises"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { statementFiles } from "../dist/adapters/postgres/sql.generated.js"
import { render } from "../dist/adapters/postgres/statement.js"

const placement = { schema: "pgqueuer", prefix: "" }

export const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }

/** A server that is filled quickly, and lost when the machine is. */
export function startServer() {
  const settings = { shared_buffers: "1GB", max_wal_size: "8GB", synchronous_commit: "off", fsync: "off" }
  return startEmbeddedPostgres({ settings, logger })
}

/** One of our statements as SQL. */
export function statementText(name) {
  return render(statementFiles[name], placement)
}

/** So many jobs waiting, deferred and ended, as they are when they were enqueued and ended one after the other; vacuumed as autovacuum does it. */
export async function fillBacklog(pool, queries, { jobs, entrypoints, failures = 0 }) {
  const rank = await rankOfZero(pool, queries)
  await pool.query(`
    insert into pgqueuer.job (id, entrypoint, priority, payload)
    select n, 'e' || n % ${entrypoints}, 0, '{"user":7}' from generate_series(1, ${3 * jobs}) as n;
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
    select entrypoint, ${rank}, id, id from pgqueuer.job where id <= ${jobs};
    insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
    select id, entrypoint, ${rank}, now() + interval '1 day' from pgqueuer.job where id > ${jobs} and id <= ${2 * jobs};
    insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, started_at, error)
    select id, entrypoint, case when id > ${3 * jobs - failures} then 'exception' else 'successful' end, 1, now(),
      case when id > ${3 * jobs - failures} then 'TypeError: no user ' || id % 5 end
    from pgqueuer.job where id > ${2 * jobs};
    insert into pgqueuer.failure (job_id, attempt, error, traceback)
    select id, 1, 'TypeError: no user ' || id % 5, repeat('    at handler (/app/worker.js:10:5)' || chr(10), 20)
    from pgqueuer.job where id > ${3 * jobs - failures};
    select setval('pgqueuer.job_id_seq', ${3 * jobs});
    insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
    select 'e' || n % ${entrypoints}, date_trunc('minute', now()) - n / ${entrypoints} * interval '1 minute', 100, 500,
      array(select generate_series(5, 40)), array(select 3 from generate_series(5, 40)), 500,
      array(select generate_series(5, 40)), array(select 3 from generate_series(5, 40))
    from generate_series(1, ${Math.max(10_000, entrypoints)}) as n`)
  const merge = statementText("merge_rollups")
  for (let left = 1; left > 0; ) left = (await pool.query(merge, [0, 10_000, true])).rows[0].entries
  for (const table of ["job", "ready", "deferred", "outcome", "failure", "rollup", "rollup_entry"])
    await pool.query(`vacuum analyze pgqueuer.${table}`)
}

async function rankOfZero(pool, queries) {
  const [id] = await queries.enqueue("probe")
  const { rows } = await pool.query("select rank from pgqueuer.ready where job_id = $1", [id])
  await queries.cancel(id)
  await pool.query("delete from pgqueuer.outcome")
  await pool.query("delete from pgqueuer.job where id = $1", [id])
  return rows[0].rank
}

/** Processor time of a server with its children, and those that it has outlived, in milliseconds. */
export async function processorMs(pid) {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")
  let ticks = 0
  for (const one of [pid, ...children.trim().split(" ")]) {
    const stat = await readFile(`/proc/${one}/stat`, "utf8").catch(() => "")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    for (const field of fields.slice(11, 15)) ticks += Number(field) || 0
  }
  return ticks * 10
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
}
