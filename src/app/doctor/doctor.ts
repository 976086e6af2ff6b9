import { hasCode, PgQueuerError } from "../../domain/errors.js"
import type { Placement } from "../../domain/names.js"
import { checkOptions, oneOf } from "../../domain/options.js"
import type { Clock, Random } from "../../ports/clock.js"
import type { Driver } from "../../ports/driver.js"
import type { HealthStore, ServerReading } from "../../ports/health-store.js"
import type { OperationStore } from "../../ports/operation-store.js"
import type { SchemaStore } from "../../ports/schema-store.js"
import { checkConnection, readConnection } from "./check-connection.js"
import { checkRights, rolesOf } from "./check-rights.js"
import { checkObjects, checkVersions } from "./check-schema.js"
import { checkClock, checkServer } from "./check-server.js"
import { checkTables, checkWraparound, estimateWraparound } from "./check-tables.js"
import { checkTransactions } from "./check-transactions.js"
import { checkLimits, checkWaiting, checkWorkers } from "./check-workers.js"
import { type Diagnosis, type DiagnosisFacts, type Finding, finding, type Severity } from "./diagnosis.js"

export interface DoctorOptions {
  /** Also checks that the present user has every right of this role; what it lacks is then an error. Default: what it has tells. */
  readonly role?: Role
}

export type Role = (typeof roles)[number]

export const roles = ["producer", "worker", "operator", "waiter", "viewer"] as const

export interface DoctorParts {
  readonly driver: Driver
  readonly store: HealthStore
  readonly schema: SchemaStore
  readonly operation: OperationStore
  readonly placement: Placement
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds since 1970 by this process's clock. */
  wallTime(): number
}

/** Nobody needs to know how many more jobs wait. */
const countAtMost = 1_000

/** Looks at everything that makes a database sound for a queue. What cannot be read is a finding, not a failure. */
export async function diagnose(parts: DoctorParts, options: DoctorOptions = {}): Promise<Diagnosis> {
  checkOptions("doctor", options, { role: oneOf(...roles) })
  if (parts.driver.features.inTransaction) {
    throw new PgQueuerError("PGQ_UNSUPPORTED", "doctor cannot look from inside a transaction", {
      remedy: "Use Queries on the driver itself.",
    })
  }
  return new Examination(parts, options).run()
}

class Examination {
  readonly #parts: DoctorParts
  readonly #options: DoctorOptions
  readonly #findings: Finding[] = []
  #facts: DiagnosisFacts
  #server: ServerReading | undefined
  /** By the catalog, which everybody may read; unless somebody locks the tables. */
  #isInstalled = true

  constructor(parts: DoctorParts, options: DoctorOptions) {
    this.#parts = parts
    this.#options = options
    this.#facts = { ...nothingKnown, codeVersion: parts.schema.codeVersion }
  }

  async run(): Promise<Diagnosis> {
    await this.#look("the server", () => this.#lookAtServer())
    await this.#look("the connection", () => this.#lookAtConnection())
    await this.#look("open transactions", async () => checkTransactions(await this.#parts.store.listTransactions()))
    await this.#look("the tables' version", () => this.#lookAtVersion())
    await this.#look("the tables", () => this.#lookAtTables())
    if (this.#isInstalled) {
      const { store, operation } = this.#parts
      await this.#look("rights", () => this.#lookAtRights())
      await this.#look("workers", async () => checkWorkers(await operation.listWorkers(false), this.#now()))
      await this.#look("waiting jobs", async () => checkWaiting(await store.listWaiting(countAtMost), countAtMost))
      await this.#look("limits", async () => checkLimits(await store.listHandLimits()))
    }
    const findings = [...this.#findings].sort((a, b) => weight[a.severity] - weight[b.severity])
    return { healthy: findings.every(({ severity }) => severity === "note"), findings, facts: this.#facts }
  }

  async #lookAtServer(): Promise<readonly Finding[]> {
    const { store, wallTime } = this.#parts
    const before = wallTime()
    const server = await store.readServer()
    const uncertaintyMs = (wallTime() - before) / 2
    this.#server = server
    const clockDifferenceMs = server.time.getTime() - before - uncertaintyMs
    this.#know({ serverVersion: server.version, user: server.user, clockDifferenceMs })
    return [...checkServer(server), ...checkClock(clockDifferenceMs, uncertaintyMs)]
  }

  async #lookAtConnection(): Promise<readonly Finding[]> {
    const { driver, clock, random } = this.#parts
    const reading = await readConnection(driver, clock, random)
    this.#know({ notifyMs: reading.notifyMs ?? null })
    return checkConnection(driver, reading)
  }

  async #lookAtVersion(): Promise<readonly Finding[]> {
    const { schema } = this.#parts
    const state = await schema.readState()
    this.#know({ schemaVersion: state?.version ?? null })
    return checkVersions(state, schema.codeVersion)
  }

  async #lookAtTables(): Promise<readonly Finding[]> {
    const { store, schema, placement } = this.#parts
    const settings = this.#server?.settings ?? {}
    const tables = await store.listTables()
    const wraparound = await store.readWraparound()
    this.#know({ wraparound: estimateWraparound(wraparound) })
    const found = checkWraparound(wraparound, tables, settings, placement)
    this.#isInstalled = tables.length > 0
    if (!this.#isInstalled) return found
    const isCurrent = this.#facts.schemaVersion === null || this.#facts.schemaVersion >= schema.codeVersion
    const objects = isCurrent
      ? checkObjects(await schema.findMissing(), await store.listInvalidIndexes(), tables, placement)
      : []
    return [...found, ...objects, ...checkTables(tables, settings, placement)]
  }

  async #lookAtRights(): Promise<readonly Finding[]> {
    const rights = await this.#parts.store.listRights()
    this.#know({ roles: rolesOf(rights) })
    return checkRights(rights, this.#facts.user ?? "this user", this.#options.role)
  }

  async #look(what: string, work: () => Promise<readonly Finding[]>): Promise<void> {
    try {
      this.#findings.push(...(await work()))
    } catch (error) {
      this.#findings.push(unreadable(what, error))
    }
  }

  #know(facts: Partial<DiagnosisFacts>): void {
    this.#facts = { ...this.#facts, ...facts }
  }

  #now(): Date {
    return this.#server?.time ?? new Date(this.#parts.wallTime())
  }
}

const nothingKnown = {
  serverVersion: null,
  user: null,
  schemaVersion: null,
  roles: null,
  clockDifferenceMs: null,
  notifyMs: null,
  wraparound: null,
} as const

const weight: { readonly [S in Severity]: number } = { error: 0, warning: 1, note: 2 }

/** SQLSTATE: a lock was not to be had in time; the statement took too long. */
const tookTooLong: readonly string[] = ["55P03", "57014"]

/** @throws what is no answer of the server: then nothing else can be found out either */
function unreadable(what: string, error: unknown): Finding {
  if (hasCode(error, "PGQ_PERMISSION_DENIED")) {
    const remedy =
      "Grant what the server names; a viewer's rights are enough for all checks: docs/reference/privileges.md."
    return finding("note", "unreadable", `Could not look at ${what}: ${error.message}`, remedy)
  }
  if (!hasCode(error, "PGQ_QUERY_FAILED", "PGQ_SCHEMA_MISSING", "PGQ_TIMEOUT", "PGQ_UNSUPPORTED")) throw error
  const isLocked = tookTooLong.includes(error.sqlState ?? "")
  const remedy = isLocked ? "Somebody locks the tables: see who has a transaction open." : error.remedy
  return finding("warning", "unreadable", `Could not look at ${what}: ${error.message}`, remedy)
}
