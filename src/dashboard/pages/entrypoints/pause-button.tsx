import { ActionButton } from "../../components/action-button.js"
import { entrypointPath } from "../../components/entrypoint-link.js"
import type { Viewing } from "../../route.js"

interface PauseButtonProps {
  readonly entrypoint: string
  readonly paused: boolean
  readonly viewing: Viewing
  /** Where to go afterwards. */
  readonly back: "list" | "page"
}

export function PauseButton({ entrypoint, paused, viewing, back }: PauseButtonProps) {
  const verb = paused ? "resume" : "pause"
  return (
    <ActionButton
      viewing={viewing}
      path={entrypointPath(entrypoint, `/${verb}`)}
      id={`pause-${entrypoint}`}
      label={paused ? "Resume" : "Pause"}
      title={`${paused ? "Resume" : "Pause"} ${entrypoint}?`}
      question={
        paused
          ? "Workers take its jobs again at once."
          : "No worker takes another job of it until it is resumed. Jobs that run go on, others wait."
      }
      values={{ back }}
    />
  )
}
