import { durationText } from "../../domain/duration-text.js"
import type { ServerReading, SettingOverride } from "../../ports/health-store.js"
import { type Finding, finding, literal, quoted } from "./diagnosis.js"

const oldestVersion = 120_000

/** The server as a whole: version, settings that endanger jobs, and what is nearly used up. */
export function checkServer(server: ServerReading): readonly Finding[] {
  return [
    ...checkVersion(server),
    ...checkWritable(server),
    ...checkSettings(server),
    ...checkOverrides(server),
    ...checkIsolation(server),
    ...checkRoom(server),
    ...checkSight(server),
  ]
}

/** @param uncertaintyMs - half the time that it took to ask */
export function checkClock(differenceMs: number, uncertaintyMs: number): readonly Finding[] {
  const least = Math.abs(differenceMs) - uncertaintyMs
  if (least < 1_000) return []
  const which = differenceMs > 0 ? "ahead of" : "behind"
  const message = `The database's clock is ${durationText(Math.abs(differenceMs))} ${which} this process's`
  const remedy =
    "Jobs follow the database's clock: an executeAfter that this process computed is off by as much. Set both hosts to a time server."
  return [finding(least < 30_000 ? "note" : "warning", "clock", message, remedy, { command: "timedatectl status" })]
}

function checkVersion({ version, versionNumber }: ServerReading): readonly Finding[] {
  if (versionNumber >= oldestVersion) return []
  const remedy = "Upgrade PostgreSQL to 12 or later."
  return [finding("error", "server-version", `PostgreSQL ${version} is older than 12`, remedy)]
}

function checkWritable({ readOnly }: ServerReading): readonly Finding[] {
  if (!readOnly) return []
  const remedy = "Connect to the primary: with several hosts in the URL, target_session_attrs=read-write."
  return [finding("error", "read-only", "This server is a standby, or is set to be read-only", remedy)]
}

const unsafe: readonly { readonly name: string; readonly value: string; readonly effect: string }[] = [
  { name: "fsync", value: "off", effect: "a crash of the host can destroy the whole database" },
  { name: "full_page_writes", value: "off", effect: "a crash of the host can leave torn pages, which nothing repairs" },
  { name: "zero_damaged_pages", value: "on", effect: "damaged pages are wiped instead of reported" },
  { name: "ignore_checksum_failure", value: "on", effect: "damaged pages are read as if they were whole" },
]

function checkSettings({ settings, database, overrides }: ServerReading): readonly Finding[] {
  const found = unsafe
    .filter(({ name, value }) => settings[name] === value)
    .map(({ name, value, effect }) => {
      const right = value === "on" ? "off" : "on"
      const command = `alter system set ${name} = ${right}; select pg_reload_conf();`
      return finding("error", "unsafe-setting", `${name} is ${value}: ${effect}`, `Set it to ${right}.`, { command })
    })
  const isOverridden = overrides.some(({ role, setting }) => role === null && setting === "synchronous_commit=off")
  if (settings["synchronous_commit"] !== "off" || isOverridden) return found
  const message = "synchronous_commit is off: jobs that were acknowledged can be gone after a crash"
  const command = `alter database ${quoted(database)} set synchronous_commit = on;`
  return [...found, finding("warning", "unsafe-setting", message, relaxed, { command })]
}

const relaxed =
  "Set it to on; workers relax it by themselves where nothing can be lost. Sessions that are open keep the old value."

function checkOverrides({ overrides }: ServerReading): readonly Finding[] {
  return overrides
    .filter(({ setting }) => !setting.startsWith("default_transaction_isolation"))
    .map((override) => {
      const message = `${override.setting} is set for ${scopeOf(override)}: jobs that were acknowledged can be gone after a crash`
      return finding("warning", "unsafe-setting", message, relaxed, { command: resetOf(override) })
    })
}

function scopeOf({ role, database }: SettingOverride): string {
  const scopes = [role === null ? null : `role ${role}`, database === null ? null : `database ${database}`]
  return scopes.filter((scope) => scope !== null).join(" in ")
}

function resetOf({ role, database, setting }: SettingOverride): string {
  const name = setting.split("=", 1)[0]!
  if (role === null) return `alter database ${quoted(database ?? "")} reset ${name};`
  return `alter role ${quoted(role)}${database === null ? "" : ` in database ${quoted(database)}`} reset ${name};`
}

function checkIsolation({ settings, database }: ServerReading): readonly Finding[] {
  const level = settings["default_transaction_isolation"] ?? "read committed"
  if (level === "read committed") return []
  const message = `default_transaction_isolation is ${literal(level)}: the server refuses statements of workers that meet each other, which are then repeated`
  const command = `alter database ${quoted(database)} set default_transaction_isolation = 'read committed';`
  const remedy = "Use read committed for workers and producers, and ask for another level where a transaction needs it."
  return [finding("warning", "isolation-level", message, remedy, { command })]
}

function checkRoom({ connections, mostConnections, notificationQueue }: ServerReading): readonly Finding[] {
  const found: Finding[] = []
  if (connections >= mostConnections * 0.9) {
    const message = `${connections} of ${mostConnections} connections are in use: new workers and producers may be refused`
    const remedy = "Make pools smaller, put a pooler before the server, or raise max_connections."
    const command =
      "select usename, application_name, count(*) from pg_stat_activity group by 1, 2 order by 3 desc limit 10;"
    found.push(
      finding(connections >= mostConnections ? "error" : "warning", "connections", message, remedy, { command }),
    )
  }
  if (notificationQueue >= 0.1) {
    const used = `${Math.round(notificationQueue * 100)} %`
    const message = `The queue of notifications is ${used} full; when it is full, no transaction that notifies can commit`
    const remedy = "A session that listens has a transaction open: end it (see idle-transaction)."
    const severity = notificationQueue >= 0.5 ? "error" : "warning"
    found.push(finding(severity, "notification-queue", message, remedy))
  }
  return found
}

function checkSight({ seesSessions, user }: ServerReading): readonly Finding[] {
  if (seesSessions) return []
  const message = `${user} may not see what sessions of others do: a forgotten transaction of theirs is found only by what it holds back`
  const remedy = "Give it the role pg_monitor, or run doctor as a user who has it."
  return [finding("note", "unreadable", message, remedy, { command: `grant pg_monitor to ${quoted(user)};` })]
}
