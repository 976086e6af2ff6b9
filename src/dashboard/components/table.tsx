import type { Child } from "hono/jsx"
import { Count } from "./figures.js"

export interface TableColumn<R> {
  readonly head: string
  /** Numbers and lengths of time stand at the right. */
  readonly right?: boolean
  /** Buttons: they stay in sight where the table is wider than the window. */
  readonly acts?: boolean
  readonly class?: string | ((row: R) => string)
  readonly cell: (row: R) => Child
}

interface TableProps<R> {
  readonly columns: readonly TableColumn<R>[]
  readonly rows: readonly R[]
}

/** Rows of one kind. */
export function Table<R>({ columns, rows }: TableProps<R>) {
  return (
    <div class="scroll" tabindex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={placeOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr data-row="">
              {columns.map((column) => (
                <td class={classOf(column, row)}>{column.cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function placeOf({ right, acts }: Pick<TableColumn<never>, "right" | "acts">): string {
  if (acts === true) return "acts"
  return right === true ? "r" : ""
}

function classOf<R>(column: TableColumn<R>, row: R): string {
  const { class: own = "" } = column
  return `${placeOf(column)} ${typeof own === "string" ? own : own(row)}`.trim()
}

/** A count, faint where it is none. */
export function Amount({ count, exact = true }: { readonly count: number; readonly exact?: boolean }) {
  if (count === 0) return <span class="none num">0</span>
  return <Count count={count} exact={exact} />
}
