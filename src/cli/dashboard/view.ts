import type { Figures } from "./figures.js"
import type { DashboardReader } from "./reader.js"
import type { TableColumn } from "./table.js"

/** A table of the dashboard: what is read for it and what is shown. */
export interface View<R = unknown> {
  readonly name: ViewName
  readonly columns: readonly TableColumn<R>[]
  /** Said where there are no rows. */
  readonly empty: string
  /** @param figures - being read at the same time */
  read(reader: DashboardReader, figures: Promise<Figures>): Promise<readonly R[]>
  /** What stays the same of a row from one reading to the next. */
  id(row: R): string
  /** The jobs that can be opened from it, the newest first. */
  jobs?(row: R): readonly string[]
  /** Of the rows that pass the filter, those to show. */
  choose?(rows: readonly R[], tail: number): readonly R[]
}

export const viewNames = ["recent", "entrypoints", "workers", "failures", "schedules"] as const

export type ViewName = (typeof viewNames)[number]

export interface Sorting {
  /** The place of the column. */
  readonly column: number
  readonly descending: boolean
}

interface Choice {
  readonly filter: string
  readonly sorting: Sorting | undefined
  readonly tail: number
}

/** The rows as they are shown: filtered by the words in their cells, cut to the newest, sorted. */
export function chooseRows<R>(view: View<R>, rows: readonly R[], { filter, sorting, tail }: Choice): readonly R[] {
  const word = filter.trim().toLowerCase()
  const passing = rows.filter(
    (row) => word === "" || view.columns.some((column) => column.value(row).toLowerCase().includes(word)),
  )
  const chosen = view.choose?.(passing, tail) ?? passing
  const column = sorting === undefined ? undefined : view.columns[sorting.column]
  if (column === undefined || sorting === undefined) return chosen
  const sign = sorting.descending ? -1 : 1
  return [...chosen].sort((a, b) => sign * compare(sortKey(column, a), sortKey(column, b)))
}

function sortKey<R>(column: TableColumn<R>, row: R): number | string {
  return column.sortBy?.(row) ?? column.value(row).toLowerCase()
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
}
