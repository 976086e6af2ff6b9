import type { EntrypointLimits } from "../ports/operation-store.js"
import type { Terminal } from "./terminal.js"

/** What is set for a name that nobody knows holds all the same, as its worker may come later; but it may be mistyped. */
export function noteIfUnknown(terminal: Terminal, changed: readonly EntrypointLimits[]): void {
  for (const { entrypoint, known } of changed) {
    if (known) continue
    terminal.note(
      `Nothing is known of ${JSON.stringify(entrypoint)}: it has no unfinished job, and no worker of the last week had a handler for it.`,
    )
  }
}
