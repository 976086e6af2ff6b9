import type { Status } from "../../domain/status.js"

/** Each status has a shape of its own beside its colour and its word. */
const shapes: { readonly [S in Status]: string } = {
  queued: "M6 1.5a4.5 4.5 0 110 9 4.5 4.5 0 010-9z",
  deferred: "M6 1.5a4.5 4.5 0 110 9 4.5 4.5 0 010-9zM6 3.5V6l1.6 1.2",
  picked: "M3.5 2l6 4-6 4z",
  successful: "M2 6.3l2.7 2.7L10 3.5",
  exception: "M2.8 2.8l6.4 6.4M9.2 2.8L2.8 9.2",
  failed: "M6 1.5l5 9H1zM6 4.8v2.4M6 8.8v.01",
  canceled: "M6 1.5a4.5 4.5 0 110 9 4.5 4.5 0 010-9zM3 9l6-6",
  deleted: "M2 6h8",
}

export function StatusBadge({ status }: { readonly status: Status }) {
  return (
    <span class={`status s-${status}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        <path d={shapes[status]} />
      </svg>
      {status}
    </span>
  )
}
