import { PgPoolDriver } from "../adapters/drivers/pg-pool-driver.js"
import { placementFromEnvironment } from "../adapters/system/environment.js"
import { hasCode, PgQueuerError } from "../domain/errors.js"
import { checkPlacement, type Placement } from "../domain/names.js"
import { Queries } from "../queries.js"
import type { GlobalOptions } from "./cli.js"
import { checkConnectionString, hostOf, parseConnectionUrl } from "./connection-string.js"
import { type EmbeddedServer, openEmbeddedServer } from "./embedded-server.js"
import type { Sockets } from "./sockets.js"
import { usageError } from "./usage.js"

/** Where the database is: a URL, or what the client itself reads from PGHOST and the like. */
type Target =
  | { readonly kind: "url"; readonly url: string; readonly source: "--dsn" | "DATABASE_URL" }
  | { readonly kind: "environment"; readonly named: boolean }
  | { readonly kind: "embedded" }

/** A host that swallows packets is given up after so long; the whole command then ends within 10 seconds. */
const connectTimeoutMs = 8_000

const usualConnections = 3

const clientVariables = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"] as const

/** @throws PgQueuerError `PGQ_CONNECTION_INVALID`, `PGQ_USAGE` */
export function chooseTarget(options: GlobalOptions): Target {
  if (options.embedded === true) {
    if (options.dsn === undefined) return { kind: "embedded" }
    throw usageError("--dsn and --embedded name two databases", "Leave one of them out.")
  }
  if (options.dsn !== undefined) return urlTarget(options.dsn, "--dsn")
  const url = process.env["DATABASE_URL"]
  if (url !== undefined && url !== "") return urlTarget(url, "DATABASE_URL")
  return { kind: "environment", named: clientVariables.some((name) => Boolean(process.env[name])) }
}

/** @throws PgQueuerError `PGQ_NAME_INVALID` */
export function choosePlacement({ schema, prefix }: GlobalOptions): Placement {
  const environment = placementFromEnvironment()
  return checkPlacement({ schema: schema ?? environment.schema, prefix: prefix ?? environment.prefix })
}

/** Which database and schema the options name, for people: `shop on db.example.com, schema pgqueuer`. */
export function placeText(options: GlobalOptions): string {
  const { schema, prefix } = choosePlacement(options)
  const tables = `schema ${schema}${prefix === "" ? "" : `, prefix ${prefix}`}`
  const target = chooseTarget(options)
  if (target.kind === "embedded") return `embedded, ${tables}`
  const url = target.kind === "url" ? parseConnectionUrl(target.url) : undefined
  const { PGHOST, PGDATABASE, PGUSER } = { ...process.env, ...(url === undefined ? {} : variablesOf(url)) }
  return `${PGDATABASE || PGUSER || "postgres"} on ${PGHOST || "localhost"}, ${tables}`
}

/** What `withQueries` gives to a command. */
interface OpenDatabase {
  readonly queries: Queries
  readonly driver: PgPoolDriver
  readonly placement: Placement
}

/**
 * Opens the database that the options name, and closes it after the work.
 * The tables of an embedded server are made and upgraded without being asked for, unless `asItIs`.
 */
export async function withQueries<T>(
  options: GlobalOptions,
  work: (open: OpenDatabase) => Promise<T>,
  {
    asItIs = false,
    connections = usualConnections,
    sockets,
  }: { readonly asItIs?: boolean; readonly connections?: number; readonly sockets?: Sockets } = {},
): Promise<T> {
  const placement = choosePlacement(options)
  const target = chooseTarget(options)
  const server = target.kind === "embedded" ? await openEmbeddedServer() : undefined
  try {
    return await withPool(
      urlOf(target, server),
      async (driver) => {
        const queries = new Queries(driver, placement)
        if (server !== undefined && !asItIs) await queries.install()
        return await work({ queries, driver, placement })
      },
      { connections, sockets },
    )
  } catch (error) {
    throw target.kind === "environment" && !target.named ? withoutAddress(error) : error
  } finally {
    await server?.stop()
  }
}

/** A pool for the time of the work. Without a URL the client reads its own variables. */
export async function withPool<T>(
  url: string | undefined,
  work: (driver: PgPoolDriver) => Promise<T>,
  {
    connections = usualConnections,
    sockets,
  }: { readonly connections?: number; readonly sockets?: Sockets | undefined } = {},
): Promise<T> {
  const { default: pg } = await import("pg")
  const pool = new pg.Pool({
    ...(url === undefined ? {} : { connectionString: url }),
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "pgq",
    ...(sockets === undefined ? {} : { stream: () => sockets.open() }),
  })
  try {
    return await work(new PgPoolDriver(pool))
  } finally {
    await pool.end()
  }
}

/**
 * Says in this process's environment where database and tables are, for a module that makes its own pool: for
 * `new Pool()` as for `new Pool({ connectionString: process.env.DATABASE_URL })`.
 *
 * PGHOST and the like that the user has set are left alone when the URL comes from DATABASE_URL: the module may mean them.
 */
export function conveyToModule(target: Target, server: EmbeddedServer | undefined, placement: Placement): void {
  process.env["PGQUEUER_SCHEMA"] = placement.schema
  process.env["PGQUEUER_PREFIX"] = placement.prefix
  const url = urlOf(target, server)
  if (url === undefined) return
  const isNamedByUser = clientVariables.some((name) => Boolean(process.env[name]))
  if (target.kind === "url" && target.source === "DATABASE_URL" && isNamedByUser) return
  if (target.kind === "embedded")
    for (const name of [...clientVariables, "PGQUEUER_LISTEN_URL"]) delete process.env[name]
  process.env["DATABASE_URL"] = url
  const parts = parseConnectionUrl(url)
  if (parts !== undefined) Object.assign(process.env, variablesOf(parts))
}

function urlTarget(url: string, source: "--dsn" | "DATABASE_URL"): Target {
  checkConnectionString(url, source)
  return { kind: "url", url, source }
}

function urlOf(target: Target, server: EmbeddedServer | undefined): string | undefined {
  return target.kind === "url" ? target.url : server?.url
}

function variablesOf(url: URL): Record<string, string> {
  const values: Record<string, string | null> = {
    PGHOST: hostOf(url),
    PGPORT: url.searchParams.get("port") || url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: url.searchParams.get("sslmode"),
  }
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

function withoutAddress(error: unknown): unknown {
  if (!hasCode(error, "PGQ_CONNECTION_FAILED")) return error
  return new PgQueuerError(error.code, error.message, {
    remedy: "No database is named: set DATABASE_URL, give --dsn postgres://user@host/database, or try --embedded.",
    sqlState: error.sqlState,
    cause: error,
  })
}
