import type { FailureGroup } from "../../../app/failure-groups.js"
import { time } from "../../job-text.js"
import { countText } from "../figure-text.js"
import type { View } from "../view.js"

/** A row is failed attempts of one entrypoint with errors that differ in numbers and ids at most. */
export const failuresView: View<FailureGroup> = {
  name: "failures",
  empty: "No attempt has failed.",
  read: (reader) => reader.failures(),
  id: ({ entrypoint, error }) => `${entrypoint} ${error}`,
  jobs: ({ ids }) => ids,
  columns: [
    { head: "Last", goes: 2, value: ({ lastAt }) => time(lastAt), sortBy: ({ lastAt }) => lastAt.getTime() },
    { head: "Attempts", align: "right", value: (row) => countText(row.attempts), sortBy: (row) => row.attempts },
    {
      head: "For Good",
      align: "right",
      goes: 1,
      value: (row) => countText(row.ended),
      style: (row) => (row.ended > 0 ? "bad" : "plain"),
      sortBy: (row) => row.ended,
    },
    { head: "Entrypoint", flexible: true, value: ({ entrypoint }) => entrypoint },
    { head: "Error", flexible: true, value: ({ error }) => error },
  ],
}
