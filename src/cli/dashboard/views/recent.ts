import type { Status } from "../../../domain/status.js"
import type { RecentGroup } from "../../../ports/recent-store.js"
import { time } from "../../job-text.js"
import { clockText, countText } from "../figure-text.js"
import type { Style } from "../text.js"
import type { View } from "../view.js"

/** A row is the jobs of one entrypoint, priority and status that were created in the same second. */
export const recentView: View<RecentGroup> = {
  name: "recent",
  empty: "No job yet. Enqueue one: pgq queue ENTRYPOINT",
  read: (reader) => reader.recent(),
  id: ({ createdAt, entrypoint, priority, status }) => [createdAt.getTime(), priority, status, entrypoint].join(" "),
  jobs: ({ ids }) => ids,
  choose: chooseGroups,
  columns: [
    { head: "Created", goes: 2, value: (row) => time(row.createdAt), sortBy: (row) => row.createdAt.getTime() },
    { head: "Count", align: "right", value: groupCount, sortBy: (row) => row.count },
    { head: "Entrypoint", flexible: true, value: (row) => row.entrypoint },
    {
      head: "Time in Queue (HH:MM:SS)",
      shortHead: "In Queue",
      align: "right",
      goes: 1,
      value: (row) => clockText(row.waitMs),
      sortBy: (row) => row.waitMs ?? -1,
    },
    { head: "Status", value: (row) => row.status, style: (row) => styleOf(row.status) },
    {
      head: "Priority",
      shortHead: "Prio",
      align: "right",
      goes: 3,
      value: (row) => String(row.priority),
      sortBy: (row) => row.priority,
    },
  ],
}

/**
 * The newest groups, the newest first. Half of the rows are kept for jobs that have ended and half for others where there are so many,
 * so that a backlog does not hide what happens, nor the other way round.
 */
export function chooseGroups(groups: readonly RecentGroup[], tail: number): readonly RecentGroup[] {
  const half = Math.floor(tail / 2)
  const ended = groups.filter(({ hasEnded }) => hasEnded).slice(0, half)
  const others = groups.filter(({ hasEnded }) => !hasEnded).slice(0, half)
  const shown = new Set([...ended, ...others])
  for (const group of groups) if (shown.size < tail) shown.add(group)
  return groups.filter((group) => shown.has(group))
}

function groupCount({ count, complete }: RecentGroup): string {
  return complete ? countText(count) : `${countText(count)}+`
}

const styles: { readonly [S in Status]: Style } = {
  queued: "plain",
  deferred: "plain",
  picked: "accent",
  successful: "good",
  exception: "bad",
  failed: "bad",
  canceled: "warn",
  deleted: "dim",
}

export function styleOf(status: Status): Style {
  return styles[status]
}
