import type { JobRecord } from "../../../domain/job.js"
import { isFinal, type Status } from "../../../domain/status.js"
import { ActionButton } from "../../components/action-button.js"
import type { Viewing } from "../../route.js"

interface Choice {
  readonly path: string
  readonly label: string
  readonly danger?: boolean
  readonly question: string
  readonly on: (status: Status) => boolean
}

const choices: readonly Choice[] = [
  {
    path: "requeue",
    label: "Requeue",
    question: "It gets one more attempt.",
    on: (status) => status === "failed",
  },
  {
    path: "run-again",
    label: "Run again",
    question: "A copy is enqueued under a new id: same entrypoint, payload, headers, priority, timeout and attempts.",
    on: isFinal,
  },
  {
    path: "cancel",
    label: "Cancel",
    danger: true,
    question: "A job that waits never runs. One that runs is asked to stop.",
    on: (status) => ["queued", "deferred", "picked"].includes(status),
  },
  {
    path: "delete",
    label: "Delete",
    danger: true,
    question: "It ends as deleted, and never runs.",
    on: (status) => ["queued", "deferred", "failed"].includes(status),
  },
]

/** What the viewer may do with the job where it stands. */
export function JobActions({ job, viewing }: { readonly job: JobRecord; readonly viewing: Viewing }) {
  if (!viewing.mayAct("operator")) return null
  return (
    <div class="actions">
      {choices
        .filter(({ on }) => on(job.status))
        .map(({ path, label, danger = false, question }) => (
          <ActionButton
            viewing={viewing}
            path={`/jobs/${job.id}/${path}`}
            id={`${path}-${job.id}`}
            label={label}
            danger={danger}
            title={`${label} job ${job.id}?`}
            question={question}
          />
        ))}
    </div>
  )
}
