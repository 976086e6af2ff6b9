import { type Sorting, type ViewName, viewNames } from "./view.js"

/** What the user has chosen to see. */
export interface State {
  readonly view: ViewName
  readonly choices: { readonly [N in ViewName]: ViewChoice }
  /** What is being typed. */
  readonly input: Input | undefined
  /** Over the table. */
  readonly overlay: Overlay | undefined
  /** Nothing new is read until it is resumed. */
  readonly isPaused: boolean
}

export interface ViewChoice {
  readonly filter: string
  /** Undefined: as it comes, the newest or the fullest first. */
  readonly sorting: Sorting | undefined
  readonly cursor: Cursor
}

/** The chosen row. Without an id it is the first, whichever that is. */
interface Cursor {
  readonly id: string | undefined
  /** Where it was, for when it is gone. */
  readonly index: number
}

export interface Input {
  readonly of: "filter" | "job"
  readonly text: string
}

export type Overlay =
  | { readonly kind: "help"; readonly top: number }
  /** Jobs of one row, of which one is shown. */
  | { readonly kind: "job"; readonly ids: readonly string[]; readonly index: number; readonly top: number }

const choice: ViewChoice = { filter: "", sorting: undefined, cursor: { id: undefined, index: 0 } }

export const firstState: State = {
  view: "recent",
  choices: { recent: choice, entrypoints: choice, workers: choice, failures: choice, schedules: choice },
  input: undefined,
  overlay: undefined,
  isPaused: false,
}

export function choiceOf({ view, choices }: State): ViewChoice {
  return choices[view]
}

export function withChoice(state: State, change: Partial<ViewChoice>): State {
  return { ...state, choices: { ...state.choices, [state.view]: { ...choiceOf(state), ...change } } }
}

/** The place of the cursor among these rows; -1 when there are none. */
export function cursorIndex({ cursor }: ViewChoice, ids: readonly string[]): number {
  if (cursor.id === undefined) return ids.length === 0 ? -1 : 0
  const index = ids.indexOf(cursor.id)
  return index === -1 ? Math.min(cursor.index, ids.length - 1) : index
}

/** The view so many places further on, around the end. */
export function neighbour(view: ViewName, by: number): ViewName {
  const { length } = viewNames
  return viewNames[(viewNames.indexOf(view) + by + length) % length]!
}
