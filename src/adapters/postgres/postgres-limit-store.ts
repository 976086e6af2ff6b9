import type { Queryable, Row } from "../../ports/driver.js"
import type { CodeLimits, Lending, LimitStore, SlotRequest } from "../../ports/limit-store.js"
import type { Statements } from "./statement.js"

/** Limits, pauses, and the slots that are lent to workers, on one session. */
export class PostgresLimitStore implements LimitStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async registerEntrypoints(limits: readonly CodeLimits[]) {
    const rows = await this.#statements.run<RegisteredRow>(this.#on, "register_entrypoints", [
      limits.map((limit) => limit.entrypoint),
      limits.map((limit) => limit.concurrencyLimit),
      limits.map((limit) => limit.requestsPerSecond),
      this.#statements.channel,
    ])
    return rows.map((row) => ({
      entrypoint: row.entrypoint,
      wasKnown: row.was_known,
      concurrencyLimit: row.concurrency_limit,
      requestsPerSecond: row.requests_per_second,
    }))
  }

  async readRules() {
    const rows = await this.#statements.run<RuleRow>(this.#on, "read_rules")
    const all = rows.map((row) => ({
      entrypoint: row.entrypoint,
      concurrencyLimit: row.concurrency_limit,
      requestsPerSecond: row.requests_per_second,
      paused: row.paused,
    }))
    return { rules: rows[0]?.rules ?? null, all }
  }

  async leaseSlots(workerId: string, requests: readonly SlotRequest[], horizonMs: number): Promise<readonly Lending[]> {
    const rows = await this.#statements.run<LendingRow>(this.#on, "lease_slots", [
      workerId,
      requests.map((request) => request.entrypoint),
      requests.map((request) => request.held),
      requests.map((request) => request.needed),
      requests.map((request) => request.ahead),
      requests.map((request) => request.spare),
      requests.map((request) => request.returned),
      requests.map((request) => request.starts),
      requests.map((request) => request.waiting),
      horizonMs,
      this.#statements.channel,
    ])
    return rows.map(asLending)
  }

  renewLeases(workerId: string) {
    return this.#statements.run<{ entrypoint: string; lease: string }>(this.#on, "renew_leases", [workerId])
  }

  async freeLeases(): Promise<void> {
    await this.#statements.run(this.#on, "free_leases", [this.#statements.channel])
  }
}

interface RuleRow extends Row {
  readonly entrypoint: string
  readonly concurrency_limit: number | null
  readonly requests_per_second: number | null
  readonly paused: boolean
  readonly rules: string
}

interface RegisteredRow extends Row {
  readonly entrypoint: string
  readonly was_known: boolean
  readonly concurrency_limit: number | null
  readonly requests_per_second: number | null
}

interface LendingRow extends Row {
  readonly entrypoint: string
  readonly lease: string
  readonly slots: number
  readonly over: number | null
  readonly starts: number
  readonly first_in_ms: number
  readonly apart_ms: number | null
  readonly again_in_ms: number | null
}

function asLending(row: LendingRow): Lending {
  return {
    entrypoint: row.entrypoint,
    lease: row.lease,
    slots: row.slots,
    over: row.over ?? 0,
    starts: row.starts,
    firstInMs: row.first_in_ms,
    apartMs: row.apart_ms,
    againInMs: row.again_in_ms,
  }
}
