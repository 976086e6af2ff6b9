import { filled, type Line, wrapped } from "./text.js"

const keys: readonly (readonly [string, string])[] = [
  ["up down, j k", "choose a row; PgUp PgDn, Home End"],
  ["Enter", "open the newest job of the row; then left and right for the others"],
  ["o", "open a job by its id"],
  ["1 … 5, Tab", "recent, entrypoints, workers, failures, schedules"],
  ["/", "show only rows with these letters; Esc shows all again"],
  ["s, S", "sort by the next column; the other way round"],
  ["Space, p", "pause: nothing is read until Space is pressed again"],
  ["r", "read now"],
  ["Ctrl-L", "draw the screen anew"],
  ["Ctrl-Z", "into the background; fg brings it back"],
  ["?", "this help"],
  ["q, Ctrl-C", "leave"],
]

const words: readonly string[] = [
  "A row of recent is the jobs of one entrypoint, priority and status that were created in the same second.",
  "Time in queue: from when they could start to their last start, the mean; until now while they wait.",
  "402+: more jobs of that second are there than were looked at. ~ before a number: an estimate.",
  "The charts are the last hour, a column a minute, the newest on the right.",
  "Nothing here changes the queue. More in docs/guide/dashboards.md.",
]

export function helpLines(width: number): readonly Line[] {
  return [
    ...keys.map(([key, does]): Line => [{ text: ` ${filled(key, 15)}`, style: "bold" }, { text: does }]),
    [],
    ...words.flatMap((text) => wrapped(text, width - 2)).map((text): Line => [{ text: ` ${text}`, style: "dim" }]),
  ]
}
