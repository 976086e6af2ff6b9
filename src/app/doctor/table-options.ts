import type { TableReading } from "../../ports/health-store.js"

/** What a table should be set to; rows of a hot table live for moments, so the defaults of PostgreSQL don't fit it. */
export interface WantedOptions {
  readonly table: string
  readonly hot: boolean
  readonly options: Readonly<Record<string, string>>
}

const line = {
  vacuum_truncate: "off",
  autovacuum_vacuum_scale_factor: "0.02",
  autovacuum_vacuum_cost_delay: "0",
}

/** PostgreSQL waits for a fifth of a table to be dead: of a history of 100 million jobs that is 20 million rows. */
const history = { autovacuum_vacuum_scale_factor: "0.05", autovacuum_analyze_scale_factor: "0.05" }

/** The hot ones as the migrations set them; and the history, for which the defaults do until it is large. */
export const wantedOptions: readonly WantedOptions[] = [
  { table: "ready", hot: true, options: { ...line, autovacuum_vacuum_threshold: "5000" } },
  { table: "deferred", hot: true, options: { ...line, autovacuum_vacuum_threshold: "5000" } },
  { table: "claim", hot: true, options: { ...line, autovacuum_vacuum_threshold: "1000" } },
  { table: "worker", hot: true, options: { fillfactor: "50", autovacuum_vacuum_threshold: "500" } },
  {
    table: "lease",
    hot: true,
    options: { fillfactor: "50", autovacuum_vacuum_threshold: "500", autovacuum_vacuum_cost_delay: "0" },
  },
  {
    table: "gate",
    hot: true,
    options: { fillfactor: "20", autovacuum_vacuum_threshold: "500", autovacuum_vacuum_cost_delay: "0" },
  },
  { table: "watcher", hot: true, options: { fillfactor: "50", autovacuum_vacuum_threshold: "200" } },
  { table: "progress", hot: true, options: { fillfactor: "70" } },
  { table: "dedupe", hot: true, options: { vacuum_truncate: "off", autovacuum_vacuum_scale_factor: "0.05" } },
  { table: "rollup_entry", hot: true, options: { ...line, autovacuum_vacuum_threshold: "5000" } },
  {
    table: "rollup",
    hot: true,
    options: { ...line, autovacuum_vacuum_scale_factor: "0.05", autovacuum_vacuum_threshold: "1000" },
  },
  { table: "job", hot: false, options: { vacuum_truncate: "off", ...history } },
  { table: "outcome", hot: false, options: { vacuum_truncate: "off", ...history } },
  { table: "failure", hot: false, options: history },
  { table: "log_line", hot: false, options: history },
  { table: "expiry", hot: false, options: history },
]

/** Null where the table leaves the option to the server. */
export interface OptionChange {
  readonly option: string
  readonly before: string | null
  readonly after: string | null
}

/** What a table's options lack. */
export function differences(reading: TableReading, wanted: WantedOptions): readonly OptionChange[] {
  const present = parseOptions(reading.options)
  return Object.entries(wanted.options)
    .map(([option, after]) => ({ option, before: present.get(option) ?? null, after }))
    .filter(({ before, after }) => before === null || !isSame(before, after))
}

export function parseOptions(options: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    options.map((option) => {
      const at = option.indexOf("=")
      return [option.slice(0, at), option.slice(at + 1)]
    }),
  )
}

/** `off` is `false`, and `0.050` is `0.05`. */
function isSame(a: string, b: string): boolean {
  const plain = (value: string) => (value === "false" ? "off" : value === "true" ? "on" : value)
  return plain(a) === plain(b) || (a !== "" && Number(a) === Number(b))
}
