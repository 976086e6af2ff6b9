import { choiceOf, cursorIndex, type Input, neighbour, type State, withChoice } from "./state.js"
import { type ViewName, viewNames } from "./view.js"

/** A key as `node:readline` tells it. */
export interface Key {
  readonly name?: string | undefined
  readonly sequence?: string | undefined
  readonly ctrl?: boolean
  readonly meta?: boolean
  readonly shift?: boolean
}

/** What is on the screen when a key is pressed. */
export interface Seen {
  /** Of the rows of the table. */
  readonly ids: readonly string[]
  /** Those that can be opened from the chosen row. */
  readonly jobs: readonly string[]
  readonly columns: number
  /** Rows that fit. */
  readonly page: number
  /** How far down what lies over the table can be scrolled. */
  readonly lastTop: number
}

/** `read`: what is wanted has not been read yet. */
type Effect = "none" | "read" | "leave" | "suspend" | "redraw"

export interface Pressed {
  readonly state: State
  readonly effect: Effect
}

/** What a key does. */
export function press(state: State, key: Key, seen: Seen): Pressed {
  const name = nameOf(key)
  if (name === "ctrl-c" || name === "ctrl-\\") return { state, effect: "leave" }
  if (name === "ctrl-z") return { state, effect: "suspend" }
  if (name === "ctrl-l") return { state, effect: "redraw" }
  if (state.input !== undefined) return type(state, key, name)
  if (state.overlay !== undefined) return pressOver(state, name, seen)
  const move = moves(seen.page)[name]
  if (move !== undefined) return stay(moveBy(state, move, seen.ids))
  const view = viewNames[Number(name) - 1]
  if (view !== undefined) return show(state, view)
  return actions[name]?.(state, seen) ?? stay(state)
}

const actions: { readonly [name: string]: ((state: State, seen: Seen) => Pressed) | undefined } = {
  q: (state) => ({ state, effect: "leave" }),
  tab: (state) => show(state, neighbour(state.view, 1)),
  right: (state) => show(state, neighbour(state.view, 1)),
  l: (state) => show(state, neighbour(state.view, 1)),
  "shift-tab": (state) => show(state, neighbour(state.view, -1)),
  left: (state) => show(state, neighbour(state.view, -1)),
  h: (state) => show(state, neighbour(state.view, -1)),
  return: openRow,
  enter: openRow,
  o: (state) => stay({ ...state, input: { of: "job", text: "" } }),
  "/": (state) => stay({ ...state, input: { of: "filter", text: choiceOf(state).filter } }),
  escape: (state) => stay(withChoice(state, { filter: "" })),
  s: sortNext,
  "shift-s": sortOtherWay,
  space: (state) => ({ state: { ...state, isPaused: !state.isPaused }, effect: state.isPaused ? "read" : "none" }),
  p: (state, seen) => actions["space"]!(state, seen),
  r: (state) => ({ state, effect: "read" }),
  "?": (state) => stay({ ...state, overlay: { kind: "help", top: 0 } }),
  f1: (state) => stay({ ...state, overlay: { kind: "help", top: 0 } }),
}

function pressOver(state: State, name: string, seen: Seen): Pressed {
  const overlay = state.overlay!
  if (["escape", "q", "backspace", "return", "enter"].includes(name)) return stay({ ...state, overlay: undefined })
  if (name === "?" && overlay.kind === "help") return stay({ ...state, overlay: undefined })
  if (name === "space" || name === "r") return actions[name]!(state, seen)
  const move = moves(seen.page)[name]
  if (move !== undefined)
    return stay({ ...state, overlay: { ...overlay, top: within(overlay.top + move, seen.lastTop) } })
  if (overlay.kind !== "job") return stay(state)
  const by = { right: 1, l: 1, n: 1, left: -1, h: -1, p: -1 }[name] ?? 0
  const index = within(overlay.index + by, overlay.ids.length - 1)
  if (index === overlay.index) return stay(state)
  return { state: { ...state, overlay: { ...overlay, index, top: 0 } }, effect: "read" }
}

/** How far a key moves. */
function moves(page: number): { readonly [name: string]: number | undefined } {
  return {
    ...{ up: -1, k: -1, down: 1, j: 1 },
    ...{ pageup: -page, "ctrl-b": -page, pagedown: page, "ctrl-f": page },
    ...{ home: -Number.MAX_SAFE_INTEGER, g: -Number.MAX_SAFE_INTEGER },
    ...{ end: Number.MAX_SAFE_INTEGER, "shift-g": Number.MAX_SAFE_INTEGER },
  }
}

function moveBy(state: State, by: number, ids: readonly string[]): State {
  if (ids.length === 0) return state
  const index = within(cursorIndex(choiceOf(state), ids) + by, ids.length - 1)
  // Back at the top it stays there, whatever comes in.
  return withChoice(state, { cursor: { id: index === 0 ? undefined : ids[index], index } })
}

function show(state: State, view: ViewName): Pressed {
  return view === state.view ? stay(state) : { state: { ...state, view }, effect: "read" }
}

function openRow(state: State, { jobs }: Seen): Pressed {
  if (jobs.length === 0) return stay(state)
  return { state: { ...state, overlay: { kind: "job", ids: jobs, index: 0, top: 0 } }, effect: "read" }
}

/** By the first column, by the next, …, as it comes. */
function sortNext(state: State, { columns }: Seen): Pressed {
  const { sorting } = choiceOf(state)
  const column = sorting === undefined ? 0 : sorting.column + 1
  return stay(
    withChoice(state, { sorting: column < columns ? { column, descending: sorting?.descending ?? true } : undefined }),
  )
}

function sortOtherWay(state: State): Pressed {
  const { sorting } = choiceOf(state)
  const other =
    sorting === undefined ? { column: 0, descending: false } : { ...sorting, descending: !sorting.descending }
  return stay(withChoice(state, { sorting: other }))
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, value))
}

/** A filter acts while it is typed. */
function type(state: State, key: Key, name: string): Pressed {
  const input = state.input!
  if (name === "escape") return stay(typed({ ...state, input: undefined }, input.of, ""))
  if (name === "return" || name === "enter") return enter({ ...state, input: undefined }, input)
  const text = edited(input, key, name)
  return stay(typed({ ...state, input: { ...input, text } }, input.of, text))
}

function typed(state: State, of: Input["of"], text: string): State {
  return of === "filter" ? withChoice(state, { filter: text, cursor: { id: undefined, index: 0 } }) : state
}

function enter(state: State, { of, text }: Input): Pressed {
  if (of === "filter" || text === "") return stay(state)
  return { state: { ...state, overlay: { kind: "job", ids: [text], index: 0, top: 0 } }, effect: "read" }
}

const longestInput = 200

function edited({ of, text }: Input, key: Key, name: string): string {
  if (name === "backspace" || name === "ctrl-h") return [...text].slice(0, -1).join("")
  if (name === "ctrl-u") return ""
  if (name === "ctrl-w") return text.replace(/\S+\s*$/, "")
  const more = key.ctrl === true || key.meta === true ? "" : (key.sequence ?? "")
  const isWanted = of === "job" ? /^\d+$/.test(more) : more !== "" && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(more)
  return isWanted ? (text + more).slice(0, of === "job" ? 19 : longestInput) : text
}

/** `a`, `shift-s`, `ctrl-c`, `/`; for a key without a name what it types. */
function nameOf({ name, sequence, ctrl, shift }: Key): string {
  if (sequence === "\u001c") return "ctrl-\\"
  const plain = name ?? sequence ?? ""
  if (ctrl === true) return `ctrl-${plain}`
  return shift === true && (plain.length > 1 || /[a-z]/.test(plain)) ? `shift-${plain}` : plain
}

function stay(state: State): Pressed {
  return { state, effect: "none" }
}
