/** What was found out about a database. */
export interface Diagnosis {
  /** Nothing was found that is an error or a warning. */
  readonly healthy: boolean
  /** The worst first. */
  readonly findings: readonly Finding[]
  readonly facts: DiagnosisFacts
}

/** What was measured, well or not. Null is what could not be read. */
export interface DiagnosisFacts {
  readonly serverVersion: string | null
  readonly user: string | null
  /** Of the tables; and the one that this code needs. */
  readonly schemaVersion: number | null
  readonly codeVersion: number
  /** Which of the roles of the reference on privileges the user can play: `producer`, `worker`, … */
  readonly roles: readonly string[] | null
  /** How far the server's clock is before this process's, in milliseconds; negative: behind it. */
  readonly clockDifferenceMs: number | null
  /** How long a notification took from this process through the server and back, in milliseconds. */
  readonly notifyMs: number | null
  readonly wraparound: WraparoundEstimate | null
}

export interface WraparoundEstimate {
  /** Of the 2^31 transactions after which PostgreSQL would stop, the share that is used since the oldest row was frozen: 0 to 1. */
  readonly used: number
  /** Not before that many days at the pace of the past, were nothing frozen; null when the pace is not known. */
  readonly daysLeft: number | null
}

export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** A sentence for people; it may change between versions. */
  readonly message: string
  /** Since when it is so, where that is known. */
  readonly since: Date | null
  /** What to do about it. */
  readonly remedy: string
  /** To be pasted: SQL when it ends with a semicolon, else for a shell. Null where no command does it. */
  readonly command: string | null
}

/** `error` jobs are lost, don't run, or soon will not; `warning` it gets worse with time or load; `note` good to know. */
export type Severity = "error" | "warning" | "note"

/**
 * `notify-lost` notifications don't arrive · `pooled` sessions change under a pooler · `server-version` it is too old ·
 * `read-only` a standby, or set so · `schema` `missing-object` `invalid-index` the tables don't fit ·
 * `missing-right` of a role · `unreadable` a check could not look · `clock` ·
 * `idle-transaction` `long-transaction` `prepared-transaction` `replication-slot` `standby-feedback` what holds back vacuum ·
 * `dead-rows` `bloat` `unlogged-table` `table-options` `autovacuum` `wraparound` ·
 * `silent-worker` `mixed-versions` `no-worker` `overdue` `paused` `limit-by-hand` ·
 * `unsafe-setting` `isolation-level` `connections` `notification-queue`.
 */
export type FindingCode =
  | "notify-lost"
  | "pooled"
  | "server-version"
  | "read-only"
  | "schema"
  | "missing-object"
  | "invalid-index"
  | "missing-right"
  | "unreadable"
  | "clock"
  | "idle-transaction"
  | "long-transaction"
  | "prepared-transaction"
  | "replication-slot"
  | "standby-feedback"
  | "dead-rows"
  | "bloat"
  | "unlogged-table"
  | "table-options"
  | "autovacuum"
  | "wraparound"
  | "silent-worker"
  | "mixed-versions"
  | "no-worker"
  | "overdue"
  | "paused"
  | "limit-by-hand"
  | "unsafe-setting"
  | "isolation-level"
  | "connections"
  | "notification-queue"

/** A finding; what is not given is null. */
export function finding(
  severity: Severity,
  code: FindingCode,
  message: string,
  remedy: string,
  { command = null, since = null }: { readonly command?: string | null; readonly since?: Date | null } = {},
): Finding {
  return { code, severity, message, since, remedy, command }
}

/** A name as SQL needs it when it is not known to be a plain one. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
