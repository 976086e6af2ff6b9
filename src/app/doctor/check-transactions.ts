import { durationText } from "../../domain/duration-text.js"
import type { TransactionReading } from "../../ports/health-store.js"
import { type Finding, finding, literal, quoted, type Severity } from "./diagnosis.js"

/** A transaction that is open for longer is worth a look. */
const shortMs = 2_000
const longMs = 60_000
/** One that does something may take longer: a backup, a report. */
const busyLongMs = 300_000
const veryLongMs = 3_600_000

/** So many transactions ago: that many versions of rows may wait to be removed. */
const manyTransactions = 1_000_000
const fewTransactions = 50_000

const mostNamed = 10

/** Who keeps dead rows from being removed, and who forgot a transaction: those that are idle for longest first. */
export function checkTransactions(readings: readonly TransactionReading[]): readonly Finding[] {
  const found = [...readings]
    .sort((a, b) => (b.idleMs ?? -1) - (a.idleMs ?? -1) || (b.openMs ?? 0) - (a.openMs ?? 0))
    .flatMap(check)
  return found.slice(0, mostNamed)
}

function check(reading: TransactionReading): readonly Finding[] {
  switch (reading.kind) {
    case "session":
      return reading.idleMs === null ? checkBusy(reading) : checkIdle(reading, reading.idleMs)
    case "prepared":
      return checkPrepared(reading)
    case "slot":
      return checkSlot(reading)
    case "standby":
      return checkStandby(reading)
  }
}

function checkIdle(reading: TransactionReading, idleMs: number): readonly Finding[] {
  const severity = severityOf(idleMs, longMs)
  if (severity === undefined) return []
  const message = `${sessionOf(reading)} has been idle in a transaction for ${durationText(idleMs)}, ${open(reading)}; ${effect(reading.age)}`
  const remedy = `Let its program commit or roll back; or end the session. So that it does not happen again: alter role ${quoted(reading.user ?? "ROLE")} set idle_in_transaction_session_timeout = '1min';`
  return [finding(severity, "idle-transaction", message, remedy, end(reading))]
}

function checkBusy(reading: TransactionReading): readonly Finding[] {
  if (reading.openMs === null) return checkUnseen(reading)
  const severity = severityOf(reading.openMs, busyLongMs, longMs)
  if (severity === undefined) return []
  const message = `${sessionOf(reading)} (${reading.state ?? "in a transaction"}) has a transaction ${open(reading)}; ${effect(reading.age)}`
  const remedy = `See what it does: select query from pg_stat_activity where pid = ${reading.pid}; and let it finish, or end it.`
  return [finding(severity, "long-transaction", message, remedy, end(reading))]
}

/** Without the right to look, a session of somebody else still shows what it holds back. */
function checkUnseen(reading: TransactionReading): readonly Finding[] {
  if (reading.age === null || reading.age < fewTransactions) return []
  const message = `${sessionOf(reading)} has a transaction open; since when, this user may not see; ${effect(reading.age)}`
  const severity = reading.age < manyTransactions ? "note" : "warning"
  return [finding(severity, "long-transaction", message, "Look as a user who has the role pg_monitor.")]
}

function checkPrepared(reading: TransactionReading): readonly Finding[] {
  const severity = severityOf(reading.openMs ?? 0, longMs)
  if (severity === undefined) return []
  const name = literal(reading.name ?? "")
  const message = `The prepared transaction ${name} of ${reading.user} in database ${reading.database} is ${open(reading)}; ${effect(reading.age)}`
  const remedy = `Nobody but a second command ends it. In that database, as its owner: commit prepared ${name}; or roll it back.`
  const command = `rollback prepared ${name};`
  return [finding(severity, "prepared-transaction", message, remedy, { command, since: reading.since })]
}

function checkSlot(reading: TransactionReading): readonly Finding[] {
  const age = reading.age ?? 0
  const isLeft = reading.state === "inactive"
  if (age < fewTransactions) return []
  const severity = age >= manyTransactions ? "warning" : "note"
  const message = `The replication slot ${reading.name} (${reading.state}) keeps what ${age.toLocaleString("en")} transactions have removed`
  const remedy = isLeft
    ? "Nobody reads it: connect its standby or subscriber again, or drop the slot."
    : "Its standby has an old query open, or lags behind: see pg_stat_replication, and end the query there."
  const command = isLeft ? `select pg_drop_replication_slot(${literal(reading.name ?? "")});` : null
  return [finding(severity, "replication-slot", message, remedy, { command })]
}

function checkStandby(reading: TransactionReading): readonly Finding[] {
  const age = reading.age ?? 0
  if (age < fewTransactions) return []
  const severity = age >= manyTransactions ? "warning" : "note"
  const message = `The standby ${reading.application ?? ""} at ${reading.client ?? "an unknown address"} (pid ${reading.pid}, user ${reading.user}) keeps, by hot_standby_feedback, what ${age.toLocaleString("en")} transactions have removed`
  const remedy =
    "End the old query on the standby, or let it be canceled there: hot_standby_feedback = off, or max_standby_streaming_delay."
  const command =
    "select pid, usename, xact_start, query from pg_stat_activity where xact_start is not null order by xact_start;"
  return [finding(severity, "standby-feedback", message, remedy, { command })]
}

function severityOf(durationMs: number, warningMs: number, noteMs = shortMs): Severity | undefined {
  if (durationMs >= veryLongMs) return "error"
  if (durationMs >= warningMs) return "warning"
  return durationMs >= noteMs ? "note" : undefined
}

function sessionOf({ pid, user, application, client, database }: TransactionReading): string {
  const details = [application === "" ? null : application, client === null ? null : `from ${client}`, database]
  return `Session ${pid} of ${user ?? "an unknown user"} (${details.filter(Boolean).join(", ")})`
}

function open({ openMs }: TransactionReading): string {
  return openMs === null ? "open" : `open for ${durationText(openMs)}`
}

function effect(age: number | null): string {
  if (age === null) return "it keeps no dead rows, but may hold locks"
  const what = age <= 1 ? "is deleted from now on" : `the last ${age.toLocaleString("en")} transactions deleted`
  return `vacuum cannot remove what ${what}`
}

function end(reading: TransactionReading) {
  return { command: `select pg_terminate_backend(${reading.pid});`, since: reading.since }
}
