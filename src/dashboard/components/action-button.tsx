import type { Viewing } from "../route.js"
import { href } from "../site.js"

interface ActionButtonProps {
  readonly viewing: Viewing
  /** Of the action, below the base path. */
  readonly path: string
  /** Of its dialog: unique on the page, and the same whenever it is shown again. */
  readonly id: string
  readonly label: string
  /** The question of the dialog, and what happens then. */
  readonly title: string
  readonly question: string
  readonly danger?: boolean
  /** Sent along. */
  readonly values?: Readonly<Record<string, string>>
}

/** A button that asks before it acts. */
export function ActionButton({
  viewing,
  path,
  id: given,
  label,
  title,
  question,
  danger = false,
  values = {},
}: ActionButtonProps) {
  // Names may have spaces, which no id that others refer to can have.
  const id = encodeURIComponent(given)
  return (
    <>
      <button type="button" class={danger ? "danger" : ""} data-dialog={id} aria-label={title.replace(/\?$/, "")}>
        {label}
      </button>
      <dialog class="dialog" id={id} aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>{title}</h2>
        <p>{question}</p>
        <div class="dialog-buttons">
          <form method="dialog">
            <button type="submit">Back</button>
          </form>
          <form method="post" action={href(viewing.site, path)}>
            <input type="hidden" name="token" value={viewing.formToken} />
            {Object.entries(values).map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
            <button type="submit" class={danger ? "danger primary" : "primary"}>
              {label}
            </button>
          </form>
        </div>
      </dialog>
    </>
  )
}
