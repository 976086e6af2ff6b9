import type { LogLine } from "../../../domain/job.js"
import { Time } from "../../components/figures.js"
import type { Redactor } from "../../redactor.js"

interface LogProps {
  readonly lines: readonly LogLine[]
  readonly most: number
  readonly redactor: Redactor
  /** Values whose hidden parts are taken out of messages, too. */
  readonly secrets: readonly unknown[]
}

/** What the job's handlers have logged, oldest first. */
export function Log({ lines, most, redactor, secrets }: LogProps) {
  if (lines.length === 0) return null
  return (
    <section class="card" aria-labelledby="log-title">
      <h2 id="log-title">
        Log <small>{lines.length === most ? `the first ${most} lines` : null}</small>
      </h2>
      <div class="scroll">
        <table class="log">
          <tbody>
            {lines.map(({ level, message, fields, loggedAt, attempt }) => (
              <tr class={level}>
                <td>
                  <Time at={loggedAt} as="exact" />
                </td>
                <td class="level">{level}</td>
                <td class="none num">{attempt === 1 ? "" : `attempt ${attempt}`}</td>
                <td class="message">
                  {redactor.text(message, secrets)}
                  {Object.keys(fields).length === 0 ? null : (
                    <code class="none"> {JSON.stringify(redactor.value(fields))}</code>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
