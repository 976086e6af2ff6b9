import { type Column, oneLine } from "../terminal.js"
import { cut, filled, type Line, type Style, widthOf } from "./text.js"

export const tableFormats = ["grid", "psql", "plain", "markdown"] as const

export type TableFormat = (typeof tableFormats)[number]

export interface TableColumn<R> extends Column<R> {
  /** The head where room is short. */
  readonly shortHead?: string
  /** Where room is still short, columns go in this order, the highest first; those without a number stay. */
  readonly goes?: number
  style?(row: R): Style
  /** What rows are sorted by; without it by the text. */
  sortBy?(row: R): number | string
}

interface TableOptions {
  readonly format: TableFormat
  /** The table is made to fit; without it nothing is cut. */
  readonly width?: number
  /** Which row is marked. */
  readonly selected?: number
}

export interface Table {
  readonly head: readonly Line[]
  readonly rows: readonly Line[]
  readonly foot: readonly Line[]
}

/** Rows under heads, in one of the forms that people know from databases and documents. */
export function makeTable<R>(columns: readonly TableColumn<R>[], rows: readonly R[], options: TableOptions): Table {
  const frame = frames[options.format]
  const texts = rows.map((row) => columns.map((column) => frame.escape(oneLine(column.value(row)))))
  const layout = layOut(columns, texts, frame, options.width)
  const rule = ([first, between, last]: Sides, fill: Frame["fill"]): Line => {
    const parts = layout.map(({ width, column }) => fill(width, column))
    return [{ text: first + parts.join(between) + last, style: "dim" }]
  }
  const edge = frame.isClosed ? [rule(corners, dashes)] : []
  const line = (cells: readonly { text: string; style: Style }[], marked: boolean): Line => framed(cells, frame, marked)
  const head = line(
    layout.map(({ head, width, column }) => ({ text: filled(head, width, column.align), style: "bold" as const })),
    false,
  )
  return {
    head: [...edge, head, ...(frame.rule === undefined ? [] : [rule(frame.rule, frame.fill)])],
    rows: rows.map((row, index) =>
      line(
        layout.map(({ column, width, index: place }) => ({
          text: filled(texts[index]![place]!, width, column.align),
          style: column.style?.(row) ?? "plain",
        })),
        index === options.selected,
      ),
    ),
    foot: edge,
  }
}

/** What stands before the first, between two and after the last cell. */
type Sides = readonly [string, string, string]

interface Frame {
  readonly sides: Sides
  /** Of the line under the heads. */
  readonly rule?: Sides
  /** There is a line above and below. */
  readonly isClosed: boolean
  fill(width: number, column: { readonly align?: "left" | "right" }): string
  escape(text: string): string
}

const dashes = (width: number) => "-".repeat(width + 2)
const asItIs = (text: string) => text

const corners: Sides = ["+", "+", "+"]

const frames: { readonly [F in TableFormat]: Frame } = {
  grid: { sides: ["| ", " | ", " |"], rule: corners, isClosed: true, fill: dashes, escape: asItIs },
  psql: { sides: [" ", " | ", " "], rule: ["", "+", ""], isClosed: false, fill: dashes, escape: asItIs },
  plain: { sides: ["", "  ", ""], isClosed: false, fill: dashes, escape: asItIs },
  markdown: {
    sides: ["| ", " | ", " |"],
    rule: ["|", "|", "|"],
    isClosed: false,
    fill: (width, { align }) => (align === "right" ? ` ${"-".repeat(width - 1)}: ` : ` ${"-".repeat(width)} `),
    escape: (text) => text.replace(/[\\|<`*_[\]]/g, "\\$&"),
  },
}

interface Place<R> {
  readonly column: TableColumn<R>
  readonly index: number
  readonly head: string
  readonly width: number
}

/** Where room is short: first the short heads, then columns that give way, then fewer columns. */
function layOut<R>(
  columns: readonly TableColumn<R>[],
  texts: readonly (readonly string[])[],
  frame: Frame,
  room: number | undefined,
): Place<R>[] {
  const place = (column: TableColumn<R>, index: number, short: boolean): Place<R> => {
    const head = short ? (column.shortHead ?? column.head) : column.head
    const width = Math.max(3, widthOf(head), ...texts.map((row) => widthOf(row[index]!)))
    return { column, index, head, width }
  }
  const whole = columns.map((column, index) => place(column, index, false))
  if (room === undefined || totalWidth(whole, frame) <= room) return whole
  let places = columns.map((column, index) => place(column, index, true))
  for (;;) {
    const shrunk = shrink(places, totalWidth(places, frame) - room)
    if (totalWidth(shrunk, frame) <= room) return shrunk
    const next = Math.max(...places.map(({ column }) => column.goes ?? 0))
    if (next <= 0) return shrunk
    places = places.filter(({ column }) => (column.goes ?? 0) !== next)
  }
}

function shrink<R>(places: readonly Place<R>[], excess: number): Place<R>[] {
  const widths = places.map(({ width }) => width)
  for (let left = excess; left > 0; left--) {
    const widest = places.reduce(
      (best, { column }, index) =>
        column.flexible === true && widths[index]! > (widths[best] ?? leastWidth) ? index : best,
      -1,
    )
    if (widest === -1) break
    widths[widest]!--
  }
  return places.map((place, index) => ({ ...place, width: widths[index]!, head: cut(place.head, widths[index]!) }))
}

/** Less of a text says nothing. */
const leastWidth = 10

function totalWidth<R>(places: readonly Place<R>[], { sides }: Frame): number {
  const between = Math.max(0, places.length - 1) * sides[1].length
  return places.reduce((sum, { width }) => sum + width, sides[0].length + between + sides[2].length)
}

function framed(cells: readonly { text: string; style: Style }[], { sides }: Frame, marked: boolean): Line {
  const side = (text: string): { text: string; style: Style } => ({ text, style: "dim" })
  const [first, between, last] = sides
  const line = cells.flatMap((cell, index) => [side(index === 0 ? first : between), cell])
  const spans = [...line, side(last)].filter(({ text }) => text !== "")
  return marked ? spans.map(({ text }) => ({ text, style: "selected" })) : spans
}
