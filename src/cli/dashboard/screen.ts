import { writeSync } from "node:fs"
import { emitKeypressEvents } from "node:readline"
import type { ReadStream, WriteStream } from "node:tty"
import pc from "picocolors"
import type { Size } from "./frame.js"
import type { Key } from "./keys.js"
import { type Line, lineWidth, type Style } from "./text.js"

const csi = "\u001b["

/** The other screen, no cursor, no wrapping of long lines; and all of it taken back. */
const enterCodes = `${csi}?1049h${csi}?25l${csi}?7l${csi}2J`
const leaveCodes = `${csi}0m${csi}?7h${csi}?25h${csi}?1049l`

/** A terminal that knows them shows what is between the two at once. */
const beginUpdate = `${csi}?2026h`
const endUpdate = `${csi}?2026l`

const usualSize: Size = { columns: 80, rows: 24 }

/** A lone escape is told from the beginning of a key's sequence by what follows within this. */
const escapeWaitMs = 50

interface ScreenEvents {
  onKey(key: Key): void
  onResize(): void
}

/** The whole terminal, for as long as it is entered. Writes only the lines that have changed. */
export class Screen {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #events: ScreenEvents
  readonly #paint: { readonly [S in Style]: (text: string) => string }
  #shown: string[] = []
  #isEntered = false

  /** @param hasColors - without them there are still bold, dim and reverse */
  constructor(input: ReadStream, output: WriteStream, hasColors: boolean, events: ScreenEvents) {
    this.#input = input
    this.#output = output
    this.#events = events
    this.#paint = painters(hasColors)
  }

  get size(): Size {
    return { columns: this.#output.columns || usualSize.columns, rows: this.#output.rows || usualSize.rows }
  }

  enter(): void {
    if (this.#isEntered) return
    this.#isEntered = true
    process.on("exit", this.#onExit)
    emitKeypressEvents(this.#input, { escapeCodeTimeout: escapeWaitMs } as never)
    this.#input.on("keypress", this.#onKeypress)
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#output.on("resize", this.#onResize)
    this.#output.write(enterCodes)
    this.forget()
  }

  /** Leaves the terminal as it was found. */
  leave(): void {
    if (!this.#isEntered) return
    this.#isEntered = false
    process.off("exit", this.#onExit)
    this.#output.off("resize", this.#onResize)
    this.#input.off("keypress", this.#onKeypress)
    this.#input.pause()
    restoreNow(this.#input, this.#output)
  }

  show(lines: readonly Line[]): void {
    if (!this.#isEntered) return
    const { columns } = this.size
    const rendered = lines.map((line) => {
      const text = line.map(({ text, style }) => this.#paint[style ?? "plain"](text)).join("")
      // Behind a full line the cursor stands on its last character, and would erase it.
      return `${text}${csi}0m${lineWidth(line) < columns ? `${csi}K` : ""}`
    })
    const changes = rendered.flatMap((text, row) => (text === this.#shown[row] ? [] : [`${csi}${row + 1};1H${text}`]))
    this.#shown = rendered
    if (changes.length > 0) this.#output.write(beginUpdate + changes.join("") + endUpdate)
  }

  /** Whatever is on the screen: the next `show` writes all of it. */
  forget(): void {
    this.#shown = []
    if (this.#isEntered) this.#output.write(`${csi}2J`)
  }

  readonly #onKeypress = (_text: string | undefined, key: Key) => this.#events.onKey(key)

  readonly #onResize = () => {
    this.forget()
    this.#events.onResize()
  }

  /** However the process ends. */
  readonly #onExit = () => restoreNow(this.#input, this.#output)
}

/** At once, because the process may be about to stop or to end; a terminal that is gone needs nothing. */
function restoreNow(input: ReadStream, output: WriteStream): void {
  try {
    input.setRawMode(false)
    writeSync((output as WriteStream & { readonly fd: number }).fd, leaveCodes)
  } catch {}
}

function painters(hasColors: boolean): { readonly [S in Style]: (text: string) => string } {
  const marks = pc.createColors(true)
  const colors = pc.createColors(hasColors)
  return {
    plain: (text) => text,
    bold: marks.bold,
    dim: marks.dim,
    selected: marks.inverse,
    good: colors.green,
    warn: colors.yellow,
    bad: colors.red,
    accent: colors.cyan,
  }
}
