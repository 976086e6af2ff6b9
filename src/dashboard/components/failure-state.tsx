import { hasCode, PgQueuerError } from "../../domain/errors.js"
import { redact } from "../../domain/redact.js"
import { EmptyState } from "./empty-state.js"

/** In the place of a page that cannot be read: what is wrong, and what to do. */
export function FailureState({ error }: { readonly error: unknown }) {
  const { title, text, remedy } = describe(error)
  return (
    <EmptyState title={title} kind="failed">
      <p>{text}</p>
      <p>{remedy}</p>
    </EmptyState>
  )
}

/** The same in a line, over a page that was read before. */
export function failureText(error: unknown): string {
  const { title, text } = describe(error)
  return `${title}: ${text}`
}

export function failureStatus(error: unknown): number {
  return error instanceof PgQueuerError ? 503 : 500
}

function describe(error: unknown): { readonly title: string; readonly text: string; readonly remedy: string } {
  if (!(error instanceof PgQueuerError)) {
    const text = "Something in the dashboard itself went wrong."
    return { title: "This page failed", text, remedy: "Its log says more. The page is tried again every few seconds." }
  }
  const text = `${redact(error.message)}.`
  const remedy = redact(error.remedy)
  if (hasCode(error, "PGQ_SCHEMA_MISSING")) return { title: "There is no queue here yet", text, remedy }
  if (hasCode(error, "PGQ_PERMISSION_DENIED")) return { title: "A right is missing", text, remedy }
  if (hasCode(error, ...away)) {
    const again = `${remedy} The page comes back by itself when the database does.`
    return { title: "The database cannot be reached", text, remedy: again }
  }
  return { title: "This page cannot be read", text, remedy }
}

const away = [
  "PGQ_CONNECTION_FAILED",
  "PGQ_CONNECTION_LOST",
  "PGQ_TIMEOUT",
  "PGQ_ABORTED",
  "PGQ_DRIVER_CLOSED",
] as const
