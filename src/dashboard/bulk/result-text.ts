import { countText } from "../components/figures.js"
import type { BulkState } from "./bulk-state.js"

/** What was done and what was refused, in a sentence; and why it is not all, if it is not. */
export function resultText({ kind, done, refused, phase, problem }: BulkState): string {
  const parts = [...done].map(([status, count]) => `${countText(count)} ${kind.words[status] ?? status}`)
  const acted = parts.length === 0 ? "none done" : parts.join(", ")
  const counts = [...refused].map(([status, count]) => `${countText(count)} ${status}`)
  const refusedText = counts.length === 0 ? "" : `; ${countText(sum(refused))} refused: ${counts.join(", ")}`
  const end = phase === "stopped" ? ` Stopped before its end: ${problem}. What it had not reached is as it was.` : ""
  return `${acted}${refusedText}.${end}`
}

/** How many jobs it has been at. */
export function handledOf({ done, refused }: Pick<BulkState, "done" | "refused">): number {
  return sum(done) + sum(refused)
}

export function sum(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}
