import { durationText } from "../../../domain/duration-text.js"
import type { WorkerRecord, WorkerState } from "../../../ports/operation-store.js"
import { time } from "../../job-text.js"
import { countText } from "../figure-text.js"
import type { Style } from "../text.js"
import type { View } from "../view.js"

export const workersView: View<WorkerRecord> = {
  name: "workers",
  empty: "No worker runs. Start one: pgq run ./consumer.ts:main",
  read: async (_reader, figures) => (await figures).workers,
  id: ({ id }) => id,
  columns: [
    { head: "Worker", align: "right", value: ({ id }) => id, sortBy: ({ id }) => Number(id) },
    { head: "State", value: ({ state }) => state, style: ({ state }) => styles[state] },
    { head: "Host", flexible: true, value: ({ host }) => host },
    { head: "PID", align: "right", goes: 3, value: ({ pid }) => String(pid), sortBy: ({ pid }) => pid },
    { head: "Version", goes: 5, value: ({ version }) => version },
    { head: "Started", goes: 4, value: ({ startedAt }) => time(startedAt) },
    {
      head: "Heartbeat",
      align: "right",
      goes: 1,
      value: ({ silentMs }) => `${durationText(silentMs)} ago`,
      sortBy: ({ silentMs }) => silentMs,
    },
    { head: "Picked", align: "right", value: (row) => countText(heldBy(row)), sortBy: heldBy },
    { head: "Entrypoints", flexible: true, goes: 2, value: ({ entrypoints }) => entrypoints.join(", ") },
  ],
}

const styles: { readonly [S in WorkerState]: Style } = {
  running: "good",
  draining: "warn",
  silent: "warn",
  stopped: "dim",
  lost: "bad",
}

export function heldBy({ holds }: WorkerRecord): number {
  return Object.values(holds).reduce((sum, count) => sum + count, 0)
}
