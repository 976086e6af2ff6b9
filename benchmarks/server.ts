import { randomBytes } from "node:crypto"
import { cpus, totalmem } from "node:os"
import pg from "pg"
import { Database } from "./database.ts"
import type { BenchOptions } from "./options.ts"
import type { PackageUnderTest } from "./package-under-test.ts"

/** As `synchronous_commit` and `fsync` are on by default, so they are here; named because all depends on them. */
const settings = {
  fsync: "on",
  synchronous_commit: "on",
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  min_wal_size: "4GB",
  max_connections: "200",
}

export interface Environment {
  readonly at: string
  readonly processors: string
  readonly memoryGb: number
  readonly node: string
  readonly postgres: string
  /** As the server has them, also when it was given. */
  readonly settings: Readonly<Record<string, string>>
}

/** The one PostgreSQL of a run. */
export interface Server {
  describe(): Promise<Environment>
  /** A fresh database; to be dropped after use. */
  createDatabase(): Promise<Database>
  /** Ends the server, if it was started here. */
  close(): Promise<void>
}

/** Starts a tuned server that ends with this process, or takes the one that `--dsn` names. */
export async function openServer(
  { dsn, postgres }: Pick<BenchOptions, "dsn" | "postgres">,
  { startPostgres }: PackageUnderTest,
): Promise<Server> {
  if (dsn !== undefined) {
    refuseOtherMachines(dsn)
    return new OpenServer(dsn, undefined, async () => {})
  }
  const started = await startPostgres({ settings, binDirectory: postgres })
  await makeLogFiles(started.url)
  return new OpenServer(started.url, started.pid, () => started.stop())
}

/** A server that has run for a while writes its log into files that it used before; a new one makes each of them, which takes time. */
async function makeLogFiles(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    "create table filler as select repeat(md5(i::text), 30) as text from generate_series(1, 1500000) as i",
  )
  await client.query("drop table filler")
  await client.query("checkpoint")
  await client.end()
}

class OpenServer implements Server {
  readonly #url: string
  readonly #pid: number | undefined
  readonly #stop: () => Promise<void>
  readonly #admin: pg.Pool

  constructor(url: string, pid: number | undefined, stop: () => Promise<void>) {
    this.#url = url
    this.#pid = pid
    this.#stop = stop
    this.#admin = new pg.Pool({ connectionString: url, max: 2 })
    this.#admin.on("error", () => {})
  }

  async describe(): Promise<Environment> {
    const { rows } = await this.#admin.query<{ name: string; setting: string }>(
      "select name, current_setting(name) as setting from pg_settings where name = any ($1)",
      [["server_version", ...Object.keys(settings)]],
    )
    const { server_version = "", ...found } = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
    return {
      at: new Date().toISOString(),
      processors: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      postgres: server_version,
      settings: found,
    }
  }

  async createDatabase(): Promise<Database> {
    const name = `pgq_bench_${randomBytes(6).toString("hex")}`
    await this.#admin.query(`create database ${name}`)
    const url = new URL(this.#url)
    url.pathname = `/${name}`
    return new Database({ name, url: url.href, admin: this.#admin, serverPid: this.#pid })
  }

  async close(): Promise<void> {
    await this.#admin.end()
    await this.#stop()
  }
}

function refuseOtherMachines(dsn: string): void {
  const { hostname } = new URL(dsn)
  if (["localhost", "127.0.0.1", "[::1]"].includes(hostname)) return
  throw new Error(`--dsn names ${hostname}: the benchmark fills a server up, so it wants one on this machine`)
}
