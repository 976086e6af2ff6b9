import type { FailedAttempt } from "../../../domain/job.js"
import { Time } from "../../components/figures.js"

interface AttemptsProps {
  readonly failures: readonly FailedAttempt[]
  /** Takes out what nobody shall see. */
  readonly text: (text: string) => string
}

const shownCharacters = 8_000

/** The failed attempts with their tracebacks, the last one open. */
export function Attempts({ failures, text }: AttemptsProps) {
  if (failures.length === 0) return null
  return (
    <section class="card" aria-labelledby="attempts-title">
      <h2 id="attempts-title">{failures.length === 1 ? "Failed attempt" : `${failures.length} failed attempts`}</h2>
      {failures.map((failure, index) => (
        <details class="attempt" id={`attempt-${index}`} open={index === failures.length - 1}>
          <summary>
            <span class="attempt-number">Attempt {failure.attempt}</span>
            <span class="error-text">{text(failure.error.split("\n", 1)[0]!).slice(0, 300)}</span>
            <Time at={failure.failedAt} />
          </summary>
          <pre tabindex={0}>{text(failure.traceback ?? failure.error).slice(0, shownCharacters)}</pre>
        </details>
      ))}
    </section>
  )
}
