import Table from "cli-table3"
import picocolors from "picocolors"

/** How wide text may be where nobody says otherwise. */
const usualColumns = 80

export interface Column<T> {
  readonly head: string
  readonly align?: "left" | "right"
  /** On a terminal this column gives way: its values are cut so that the table fits. */
  readonly flexible?: boolean
  value(row: T): string
}

/** Where a command's output goes: results to stdout, everything else to stderr. Colours only for people. */
export class Terminal {
  readonly isTty: boolean
  readonly colors: ReturnType<typeof picocolors.createColors>
  readonly #out: NodeJS.WriteStream
  readonly #err: NodeJS.WriteStream

  constructor(out: NodeJS.WriteStream, err: NodeJS.WriteStream) {
    this.#out = out
    this.#err = err
    this.isTty = out.isTTY === true
    const plain = Boolean(process.env["NO_COLOR"]) || process.env["TERM"] === "dumb"
    this.colors = picocolors.createColors(this.isTty && !plain)
    // A reader that has seen enough (`| head`) is no failure: the rest of the output goes nowhere.
    out.on("error", ignoreClosedPipe)
    err.on("error", ignoreClosedPipe)
  }

  get columns(): number {
    return this.#out.columns || usualColumns
  }

  /** A line of the result. */
  print(line = ""): void {
    this.#out.write(`${line}\n`)
  }

  /** Text for the result as it is. */
  write(text: string): void {
    this.#out.write(text)
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, this.isTty ? 2 : undefined))
  }

  /** Rows under heads. On a terminal no wider than it; into a pipe nothing is cut. */
  printTable<T>(columns: readonly Column<T>[], rows: readonly T[]): void {
    const texts = rows.map((row) => columns.map((column) => oneLine(column.value(row))))
    const { bold } = this.colors
    const table = new Table({
      head: columns.map((column) => bold(column.head)),
      colAligns: columns.map((column) => column.align ?? "left"),
      colWidths: this.#widths(columns, texts),
      chars: withoutLines,
      style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    })
    table.push(...texts)
    for (const line of table.toString().split("\n")) this.print(line.trimEnd())
  }

  /** A line for people, which is no result. */
  note(line: string): void {
    this.#err.write(`${line}\n`)
  }

  /** Resolves when all that was written has left this process. */
  async flush(): Promise<void> {
    await Promise.all([drained(this.#out), drained(this.#err)])
  }

  #widths<T>(columns: readonly Column<T>[], texts: readonly string[][]): (number | null)[] {
    const widths = columns.map(
      ({ head }, index) => 2 + Math.max(head.length, ...texts.map((row) => row[index]?.length ?? 0)),
    )
    if (!this.isTty) return columns.map(() => null)
    const flexible = columns.flatMap((column, index) => (column.flexible === true ? [index] : []))
    for (let excess = sum(widths) - this.columns; excess > 0; excess--) {
      const widest = flexible.reduce((best, index) => (widths[index]! > (widths[best] ?? 0) ? index : best), -1)
      if (widest === -1 || widths[widest]! <= leastWidth) break
      widths[widest]!--
    }
    return columns.map((column, index) => (column.flexible === true ? widths[index]! : null))
  }
}

/** Less than this says nothing. */
const leastWidth = 12

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Text from the database must not move the cursor, turn the direction of writing, hide letters or break a table: what could is spelt out. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, spelt)
}

function spelt(character: string): string {
  const known = JSON.stringify(character).slice(1, -1)
  if (known !== character) return known
  const code = character.codePointAt(0)!.toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writable || stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once("error", () => resolve())
    stream.write("", () => resolve())
  })
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error
}

const withoutLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
}
