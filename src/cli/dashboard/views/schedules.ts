import type { ScheduleRecord } from "../../../ports/schedule-records.js"
import { time } from "../../job-text.js"
import { resultText, stateText } from "../../schedule-text.js"
import type { View } from "../view.js"

export const schedulesView: View<ScheduleRecord> = {
  name: "schedules",
  empty: "There are no schedules: a worker writes them when it starts.",
  read: (reader) => reader.schedules(),
  id: ({ name }) => name,
  jobs: ({ lastRun }) => (lastRun?.job == null ? [] : [lastRun.job.id]),
  columns: [
    { head: "Schedule", flexible: true, value: ({ name }) => name },
    { head: "Expression", goes: 4, value: ({ expression }) => expression },
    { head: "Timezone", goes: 5, value: ({ timezone }) => timezone },
    { head: "Next", value: ({ nextExecution }) => time(nextExecution) },
    { head: "Last", goes: 3, value: ({ lastExecution }) => time(lastExecution) },
    { head: "Result", value: lastResult, style: (row) => (failed.includes(lastResult(row)) ? "bad" : "plain") },
    { head: "State", goes: 1, value: stateText, style: (row) => (stateText(row) === "active" ? "plain" : "warn") },
    { head: "Error", flexible: true, goes: 2, value: ({ lastRun }) => lastRun?.job?.error ?? lastRun?.error ?? "" },
  ],
}

const failed: readonly string[] = ["exception", "failed", "lost"]

function lastResult({ lastRun }: ScheduleRecord): string {
  return lastRun === null ? "" : resultText(lastRun)
}
