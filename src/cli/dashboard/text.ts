import stringWidth from "string-width"
import { oneLine } from "../terminal.js"

/** Where nothing else says so, what a piece of a line looks like. Colour never carries a meaning alone. */
export type Style = "plain" | "bold" | "dim" | "good" | "warn" | "bad" | "accent" | "selected"

export interface Span {
  readonly text: string
  readonly style?: Style | undefined
}

/** One line of the screen. */
export type Line = readonly Span[]

/** How many columns of a terminal a text takes: two for wide characters, none for combining ones. */
export function widthOf(text: string): number {
  return isPlainAscii(text) ? text.length : stringWidth(text)
}

/** A text from the database as it may be shown, no wider than this: what does not fit ends with `…`. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ""
  let shown = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const more = widthOf(segment)
    if (used + more > width - 1) break
    shown += segment
    used += more
  }
  return `${shown}…`
}

/** Cut or filled with spaces to exactly this width. */
export function filled(text: string, width: number, align: "left" | "right" = "left"): string {
  const shown = cut(text, width)
  const space = " ".repeat(Math.max(0, width - widthOf(shown)))
  return align === "right" ? space + shown : shown + space
}

/** The line no wider than this, with nothing in it that could steer a terminal. */
export function cutLine(line: Line, width: number): Line {
  const shown: Span[] = []
  let room = width
  for (const span of line) {
    if (room <= 0) break
    const text = cut(oneLine(span.text), room)
    shown.push({ ...span, text })
    room -= widthOf(text)
  }
  return shown
}

/** What stands left and what stands right on a line of this width; where both do not fit the right one goes. */
export function spread(left: Line, right: Line, width: number): Line {
  const room = width - lineWidth(left) - lineWidth(right)
  return room < 1 ? left : [...left, { text: " ".repeat(room) }, ...right]
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + widthOf(text), 0)
}

export function plainText(line: Line): string {
  return line
    .map(({ text }) => text)
    .join("")
    .trimEnd()
}

/** A long text as lines of this width, broken at spaces where there are some. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split(/\r?\n/)) lines.push(...wrappedLine(oneLine(paragraph), Math.max(8, width)))
  return lines
}

function wrappedLine(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ""
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(line + segment) > width) {
      const space = segment === " " ? line.length : line.lastIndexOf(" ")
      const isLate = space > width / 2
      lines.push(isLate ? line.slice(0, space) : line)
      line = isLate ? line.slice(space + 1) : ""
      if (segment === " " && line === "") continue
    }
    line += segment
  }
  return [...lines, line]
}

function isPlainAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })
