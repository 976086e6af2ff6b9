import type { Placement } from "../../domain/names.js"
import type { TableReading, WraparoundReading } from "../../ports/health-store.js"
import { type Finding, finding, quoted, type WraparoundEstimate } from "./diagnosis.js"
import { differences, type OptionChange, parseOptions, wantedOptions } from "./table-options.js"

/** So few dead rows are nothing to talk about. */
const fewDeadRows = 20_000
const manyDeadRows = 1_000_000
/** An index of a table that is usually small. */
const largeIndexBytes = 128 * 1024 * 1024
/** What an entry of one of our indexes takes, generously. */
const bytesPerEntry = 400
/** From so many rows on the server's defaults for vacuum come late. */
const largeHistory = 1_000_000

/** Dead rows, bloat, durability and options of our tables. */
export function checkTables(
  readings: readonly TableReading[],
  settings: Readonly<Record<string, string>>,
  placement: Placement,
): readonly Finding[] {
  return [
    ...readings.flatMap((reading) => checkDurability(reading, placement)),
    ...checkAutovacuum(readings, settings, placement),
    ...readings.flatMap((reading) => checkDeadRows(reading, settings, placement)),
    ...readings.flatMap((reading) => checkBloat(reading, placement)),
    ...checkOptions(readings),
  ]
}

function checkDurability({ name, unlogged }: TableReading, placement: Placement): readonly Finding[] {
  if (!unlogged) return []
  const message = `The table ${name} is unlogged: a crash of the server empties it, and jobs are lost or run again`
  const command = `alter table ${nameIn(placement, name)} set logged;`
  return [finding("error", "unlogged-table", message, "Make it a logged table; that rewrites it.", { command })]
}

function checkAutovacuum(
  readings: readonly TableReading[],
  settings: Readonly<Record<string, string>>,
  placement: Placement,
): readonly Finding[] {
  const remedy = "Switch it on: without it every claim walks over more dead rows, until the queue stands."
  const off = ["autovacuum", "track_counts"].filter((name) => settings[name] === "off")
  const server = off.map((name) => {
    const command = `alter system set ${name} = on; select pg_reload_conf();`
    return finding("error", "autovacuum", `${name} is off for the whole server`, remedy, { command })
  })
  const tables = readings
    .filter(({ options }) => ["off", "false"].includes(parseOptions(options).get("autovacuum_enabled") ?? "on"))
    .map(({ name, vacuumedAt }) => {
      const command = `alter table ${nameIn(placement, name)} reset (autovacuum_enabled);`
      const message = `autovacuum is off for the table ${name}`
      return finding("error", "autovacuum", message, remedy, { command, since: vacuumedAt })
    })
  return [...server, ...tables]
}

function checkDeadRows(
  reading: TableReading,
  settings: Readonly<Record<string, string>>,
  placement: Placement,
): readonly Finding[] {
  const { name, deadRows, liveRows, vacuumedAt } = reading
  const trigger = triggerOf(reading, settings)
  if (deadRows < fewDeadRows || deadRows < trigger * 3) return []
  const severity = deadRows >= manyDeadRows && deadRows >= liveRows ? "error" : "warning"
  const last = vacuumedAt === null ? "it was never vacuumed" : `last vacuumed at ${vacuumedAt.toISOString()}`
  const message = `The table ${name} has ${count(deadRows)} dead rows beside ${count(liveRows)} live ones; autovacuum should come at ${count(trigger)}; ${last}`
  const remedy = "If a transaction holds vacuum back, end that first; then vacuum."
  const command = `vacuum (verbose, analyze) ${nameIn(placement, name)};`
  return [finding(severity, "dead-rows", message, remedy, { command, since: vacuumedAt })]
}

/** When autovacuum comes, by the formula of PostgreSQL's documentation: threshold + scale factor * rows. */
function triggerOf({ options, liveRows }: TableReading, settings: Readonly<Record<string, string>>): number {
  const own = parseOptions(options)
  const value = (name: string, otherwise: number) => Number(own.get(name) ?? settings[name] ?? otherwise)
  return value("autovacuum_vacuum_threshold", 50) + value("autovacuum_vacuum_scale_factor", 0.2) * liveRows
}

/** Emptied pages of tables are kept on purpose and used again; an index that has grown for a peak is what makes claims slow. */
function checkBloat(
  { name, indexBytes, liveRows, vacuumedAt }: TableReading,
  placement: Placement,
): readonly Finding[] {
  const isHot = wantedOptions.some(({ table, hot }) => table === name && hot)
  if (!isHot || indexBytes < largeIndexBytes || indexBytes < liveRows * bytesPerEntry * 4) return []
  const size = `${Math.round(indexBytes / 1024 / 1024).toLocaleString("en")} MB`
  const message = `The indexes of ${name} have ${size} for ${count(liveRows)} rows: they kept their size from a peak`
  const remedy = "Build them anew while the workers go on; it needs PostgreSQL 12 and room for both."
  const command = `reindex table concurrently ${nameIn(placement, name)};`
  return [finding("warning", "bloat", message, remedy, { command, since: vacuumedAt })]
}

function checkOptions(readings: readonly TableReading[]): readonly Finding[] {
  const lacking = wantedOptions.flatMap((wanted) => {
    const reading = readings.find(({ name }) => name === wanted.table)
    const isLarge = reading !== undefined && reading.liveRows + reading.deadRows >= largeHistory
    if (reading === undefined || !(wanted.hot || isLarge)) return []
    const found = differences(reading, wanted)
    return found.length === 0 ? [] : [{ ...wanted, text: `${wanted.table} (${found.map(textOf).join(", ")})` }]
  })
  if (lacking.length === 0) return []
  const message = `Tables are not set as this package recommends: ${lacking.map(({ text }) => text).join("; ")}`
  const remedy = "Set them; what was there before is kept, and comes back with --tune --rollback."
  const severity = lacking.some(({ hot }) => hot) ? "warning" : "note"
  return [finding(severity, "table-options", message, remedy, { command: "pgq doctor --tune" })]
}

function textOf({ option, before, after }: OptionChange): string {
  return `${option} ${before ?? "not set"}, not ${after}`
}

/** PostgreSQL refuses new transactions about three million before this. */
const transactionSpace = 2 ** 31

export function estimateWraparound(reading: WraparoundReading): WraparoundEstimate {
  const used = Math.max(reading.age, reading.multixactAge) / transactionSpace
  const { transactionsPerDay } = reading
  const hasPace = transactionsPerDay !== null && transactionsPerDay > 0
  return { used, daysLeft: hasPace ? Math.floor((transactionSpace - reading.age) / transactionsPerDay) : null }
}

/** @param tables - of ours; empty when they can't be read */
export function checkWraparound(
  reading: WraparoundReading,
  tables: readonly TableReading[],
  settings: Readonly<Record<string, string>>,
  placement: Placement,
): readonly Finding[] {
  const { used, daysLeft } = estimateWraparound(reading)
  const freezeAt = Number(settings["autovacuum_freeze_max_age"] ?? 200_000_000)
  if (used < 0.4 && reading.age < freezeAt * 2) return []
  const days = daysLeft === null ? "" : `; at the pace of the past not before ${count(daysLeft)} days`
  const message = `Of the transactions after which PostgreSQL stops ${Math.round(used * 100)} % are used in database ${reading.database}${days}`
  const oldest = [...tables].sort((a, b) => b.frozenAge - a.frozenAge)[0]
  const isOurs = oldest !== undefined && oldest.frozenAge >= reading.age * 0.9
  const command = isOurs
    ? `vacuum (freeze, verbose) ${nameIn(placement, oldest.name)};`
    : `vacuumdb --freeze --dbname ${quoted(reading.database)}`
  const remedy = "Autovacuum falls behind: end what holds it back (old transactions, slots), then freeze."
  return [finding(used >= 0.7 ? "error" : "warning", "wraparound", message, remedy, { command })]
}

function nameIn({ schema, prefix }: Placement, table: string): string {
  return `${schema}.${prefix}${table}`
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en")
}
