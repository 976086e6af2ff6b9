import { PgQueuerError } from "../../domain/errors.js"
import { aBoolean, checkOptions } from "../../domain/options.js"
import type { TableReading } from "../../ports/health-store.js"
import type { ChangeableTables, TableOptionsStore } from "../../ports/table-options-store.js"
import { schemaMissing } from "../schema-check.js"
import { differences, type OptionChange, parseOptions, wantedOptions } from "./table-options.js"

export interface TuneOptions {
  /** Puts back what was there before the first tuning, exactly; default false. */
  readonly rollback?: boolean
  /** Says what would be changed, and changes nothing; default false. */
  readonly dryRun?: boolean
}

/** One table whose options were changed. */
export interface TableTuning {
  /** Without schema and prefix. */
  readonly table: string
  readonly changes: readonly OptionChange[]
}

/**
 * Sets the options of our tables as recommended, all in one transaction; answers with what was changed. What was there before is kept in a
 * comment on each table, until a rollback takes it from there.
 */
export async function tune(store: TableOptionsStore, options: TuneOptions = {}): Promise<readonly TableTuning[]> {
  checkOptions("tune", options, { rollback: aBoolean, dryRun: aBoolean })
  const { rollback = false, dryRun = false } = options
  return store.change(async (tables) => {
    const readings = await tables.list()
    if (readings.length === 0) throw schemaMissing()
    const tunings: TableTuning[] = []
    for (const reading of readings) {
      const changes = rollback ? undone(reading) : wanted(reading)
      if (changes === undefined) continue
      if (!dryRun) await (rollback ? undo(tables, reading) : apply(tables, reading, changes))
      tunings.push({ table: reading.name, changes })
    }
    return tunings
  })
}

function wanted(reading: TableReading): readonly OptionChange[] | undefined {
  const options = wantedOptions.find(({ table }) => table === reading.name)
  const changes = options === undefined ? [] : differences(reading, options)
  return changes.length === 0 ? undefined : changes
}

async function apply(tables: ChangeableTables, reading: TableReading, changes: readonly OptionChange[]): Promise<void> {
  if (readMemory(reading) === undefined) {
    const memory: Memory = { options: reading.options, comment: reading.comment }
    await tables.setComment(reading.name, `${marker}${JSON.stringify(memory)}`)
  }
  await tables.setOptions(
    reading.name,
    Object.fromEntries(changes.flatMap(({ option, after }) => (after === null ? [] : [[option, after]]))),
  )
}

function undone(reading: TableReading): readonly OptionChange[] | undefined {
  const memory = readMemory(reading)
  if (memory === undefined) return undefined
  const [present, before] = [parseOptions(reading.options), parseOptions(memory.options)]
  return [...new Set([...present.keys(), ...before.keys()])]
    .map((option) => ({ option, before: present.get(option) ?? null, after: before.get(option) ?? null }))
    .filter((change) => change.before !== change.after)
}

async function undo(tables: ChangeableTables, reading: TableReading): Promise<void> {
  const { options, comment } = readMemory(reading)!
  await tables.replaceOptions(reading.name, reading.options, options)
  await tables.setComment(reading.name, comment)
}

const marker = "Table options before pgq doctor --tune (--rollback puts them back): "

interface Memory {
  readonly options: readonly string[]
  readonly comment: string | null
}

function readMemory({ name, comment }: TableReading): Memory | undefined {
  if (comment === null || !comment.startsWith(marker)) return undefined
  try {
    return JSON.parse(comment.slice(marker.length)) as Memory
  } catch (cause) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `the comment on the table ${name} can't be read any more`, {
      remedy: "Somebody has changed it. Set the table's options by hand, and remove the comment.",
      cause,
    })
  }
}
