import { oneLine } from "../terminal.js"
import { clockText } from "./figure-text.js"
import type { Figures } from "./figures.js"
import { helpLines } from "./help.js"
import { jobLines } from "./job-lines.js"
import type { Seen } from "./keys.js"
import type { JobDetails } from "./reader.js"
import { choiceOf, cursorIndex, type Overlay, type State } from "./state.js"
import { summaryLines } from "./summary.js"
import { makeTable, type TableFormat } from "./table.js"
import { cutLine, type Line, type Span, spread } from "./text.js"
import { chooseRows, type View, viewNames } from "./view.js"
import { views } from "./views.js"

/** All that decides what is on the screen. */
export interface Model {
  readonly state: State
  /** Undefined until it is read. */
  readonly figures: Figures | undefined
  /** Of the view that is shown; undefined until they are read. */
  readonly rows: readonly unknown[] | undefined
  /** Of the job that is open: undefined until it is read, null when there is none. */
  readonly job: JobDetails | null | undefined
  /** What went wrong with the last reading. */
  readonly trouble: Trouble | undefined
  /** As this host takes it, as `figures.readAt` is. */
  readonly now: number
  readonly intervalMs: number
  readonly tail: number
  readonly format: TableFormat
  /** Which database. */
  readonly place: string
  readonly unicode: boolean
}

interface Trouble {
  readonly message: string
  /** Since when. */
  readonly since: number
  readonly againAt: number
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** A whole screen, line by line, and what keys act on. */
export interface Frame {
  readonly lines: readonly Line[]
  readonly seen: Seen
}

/** Less is no screen. */
const least: Size = { columns: 20, rows: 4 }

export function makeFrame(model: Model, size: Size): Frame {
  if (size.columns < least.columns || size.rows < least.rows) return tooSmall(size)
  const top = headLines(model, size)
  const trouble = troubleLines(model)
  const room = size.rows - top.length - trouble.length - 1
  const open = model.state.overlay
  const { lines, seen } =
    open === undefined ? table(model, room, size.columns) : overlay(model, open, room, size.columns)
  const body = Array.from({ length: room }, (_, index) => lines[index] ?? [])
  const foot = spread(footLine(model), scrollText(open, seen), size.columns)
  return { lines: [...top, ...body, ...trouble, foot].map((line) => cutLine(line, size.columns)), seen }
}

function tooSmall({ columns, rows }: Size): Frame {
  const lines = Array.from({ length: rows }, (_, row) => cutLine(row === 0 ? [{ text: "too small" }] : [], columns))
  return { lines, seen: nothingSeen }
}

/** Where room is short, the figures go before the table does. */
function headLines(model: Model, { columns, rows }: Size): readonly Line[] {
  const title = titleLine(model, columns)
  if (rows < 8) return [title]
  const figures = model.figures === undefined ? [] : summaryLines(model.figures, columns, model.unicode)
  return [title, ...(rows < 16 ? figures.slice(0, 1) : figures), ...(rows < 20 ? [] : [[]]), tabsLine(model, columns)]
}

function titleLine({ place, figures, state, intervalMs, now }: Model, width: number): Line {
  const age = figures === undefined ? 0 : now - figures.readAt.getTime()
  const isOld = figures !== undefined && age > intervalMs + 5_000
  const right: Span[] = [
    ...(state.isPaused ? [{ text: "PAUSED ", style: "warn" as const }] : []),
    isOld
      ? { text: `${clockText(age)} old `, style: "warn" }
      : {
          text: `every ${intervalMs / 1_000} s${figures === undefined ? "" : `, ${timeOfDay(figures.readAt)}`} `,
          style: "dim",
        },
  ]
  return spread(
    [
      { text: " pgq dashboard", style: "bold" },
      { text: `  ${oneLine(place)}`, style: "dim" },
    ],
    right,
    width,
  )
}

function timeOfDay(at: Date): string {
  return at.toISOString().slice(11, 20).replace(".", "Z")
}

function tabsLine(model: Model, width: number): Line {
  const { state } = model
  const tabs = viewNames.map((name, index): Span => {
    const isShown = name === state.view
    const text = `${index + 1} ${name[0]!.toUpperCase()}${name.slice(1)}`
    return { text: isShown ? `[${text}]` : ` ${text} `, style: isShown ? "bold" : "dim" }
  })
  const { filter, sorting } = choiceOf(state)
  const column = sorting === undefined ? undefined : views[state.view].columns[sorting.column]
  const notes = [
    ...(filter.trim() === "" ? [] : [`filter ${oneLine(filter)}`]),
    ...(column === undefined ? [] : [`by ${column.shortHead ?? column.head}, ${sorting?.descending ? "down" : "up"}`]),
  ]
  return spread(tabs, [{ text: `${notes.join("  ")} `, style: "accent" }], width)
}

function table(model: Model, room: number, columns: number): Frame {
  const { state, rows: all, format, tail, unicode } = model
  const view: View = views[state.view]
  if (all === undefined) return { lines: [note("reading …")], seen: nothingSeen }
  const choice = choiceOf(state)
  const rows = chooseRows(view, all, { ...choice, tail })
  const ids = rows.map((row) => view.id(row))
  const index = cursorIndex(choice, ids)
  const drawn = makeTable(view.columns, rows, { format, width: columns - gutter, selected: index })
  const page = Math.max(1, room - drawn.head.length - drawn.foot.length)
  const first = firstShown(index, rows.length, page)
  const shown = drawn.rows.slice(first, first + page).map((line, place): Line => {
    const isChosen = first + place === index
    return [{ text: isChosen ? (unicode ? "▸ " : "> ") : "  ", style: isChosen ? "bold" : "plain" }, ...line]
  })
  const lines = [...drawn.head.map(shifted), ...shown, ...drawn.foot.map(shifted)]
  const chosen = rows[index]
  return {
    lines:
      rows.length > 0
        ? lines
        : [note(choice.filter.trim() === "" ? view.empty : "Nothing has these letters. Esc shows all.")],
    seen: {
      ids,
      jobs: chosen === undefined ? [] : (view.jobs?.(chosen) ?? []),
      columns: view.columns.length,
      page,
      lastTop: 0,
    },
  }
}

const nothingSeen: Seen = { ids: [], jobs: [], columns: 0, page: 1, lastTop: 0 }

/** For the mark of the chosen row. */
const gutter = 2

function shifted(line: Line): Line {
  return [{ text: " ".repeat(gutter) }, ...line]
}

/** The chosen row stands in the middle, but for the first and the last page. */
function firstShown(index: number, count: number, page: number): number {
  return Math.max(0, Math.min(index - Math.floor(page / 2), count - page))
}

function overlay(model: Model, open: Overlay, room: number, columns: number): Frame {
  const lines = open.kind === "help" ? helpLines(columns) : openJob(model, open, columns)
  const lastTop = Math.max(0, lines.length - room)
  const top = Math.min(open.top, lastTop)
  return { lines: lines.slice(top, top + room), seen: { ...nothingSeen, page: Math.max(1, room - 1), lastTop } }
}

type OpenJob = Extract<Overlay, { kind: "job" }>

function openJob({ job }: Model, { ids, index }: OpenJob, columns: number): readonly Line[] {
  const id = ids[index]!
  const title: Line = [
    { text: ` Job ${id}`, style: "bold" },
    { text: ids.length === 1 ? "" : `  ${index + 1} of ${ids.length}, the newest first`, style: "dim" },
  ]
  if (job === undefined) return [title, note("reading …")]
  if (job === null) return [title, note("There is no such job; its history may have been removed.")]
  return [title, ...jobLines(job, columns)]
}

function note(text: string): Line {
  return [{ text: `  ${text}`, style: "dim" }]
}

function troubleLines({ trouble, now, figures, state }: Model): readonly Line[] {
  if (trouble === undefined) return []
  const seconds = Math.max(0, Math.ceil((trouble.againAt - now) / 1_000))
  const age = figures === undefined ? "" : `, what is shown is ${clockText(now - figures.readAt.getTime())} old`
  const next = state.isPaused ? "paused" : `trying again ${seconds === 0 ? "now" : `in ${seconds} s`}`
  return [
    [{ text: ` ${oneLine(trouble.message)}`, style: "bad" }],
    [{ text: ` Nothing read for ${clockText(now - trouble.since)}${age}; ${next}`, style: "warn" }],
  ]
}

function footLine({ state, unicode }: Model): Line {
  if (state.input !== undefined) {
    const { of, text } = state.input
    const label = of === "filter" ? " Show rows with: " : " Open the job with the id: "
    return [{ text: label, style: "accent" }, { text: oneLine(text) }, { text: unicode ? "▏" : "_", style: "accent" }]
  }
  const keys = state.overlay === undefined ? tableKeys : state.overlay.kind === "help" ? helpKeys : jobKeys
  return keys.flatMap(([key, does]): Span[] => [
    { text: ` ${key}`, style: "bold" },
    { text: ` ${does} `, style: "dim" },
  ])
}

/** How far down one has read. */
function scrollText(open: Overlay | undefined, { lastTop }: Seen): Line {
  if (open === undefined || lastTop === 0) return []
  return [{ text: `${Math.round((Math.min(open.top, lastTop) / lastTop) * 100)} % `, style: "dim" }]
}

const tableKeys = [
  ["?", "help"],
  ["q", "leave"],
  ["1-5", "views"],
  ["Enter", "job"],
  ["/", "filter"],
  ["s", "sort"],
  ["Space", "pause"],
  ["o", "job by id"],
] as const
const helpKeys = [["Esc", "back"]] as const
const jobKeys = [
  ["Esc", "back"],
  ["<- ->", "other jobs"],
  ["up down", "scroll"],
  ["Space", "pause"],
] as const
