import type { ScheduleRecord, ScheduleRunRecord } from "../../../ports/schedule-records.js"
import { ActionButton } from "../../components/action-button.js"
import { EmptyState } from "../../components/empty-state.js"
import { Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { inOneLine } from "../../components/one-line.js"
import { Table, type TableColumn } from "../../components/table.js"
import { schedules } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { page } from "../page.js"

export const schedulesPage = page({
  path: "/schedules",
  title: () => "Schedules",
  load: async ({ site }) => ({ schedules: await schedules(site) }),
  view({ schedules: all }, viewing) {
    return (
      <>
        <div class="head">
          <h1>Schedules</h1>
        </div>
        <Live id="schedules" calm>
          {all.length === 0 ? (
            <EmptyState title="No schedules">
              <p>Register one in a worker: pgq.schedule("nightly", "0 3 * * *", …)</p>
            </EmptyState>
          ) : (
            <Table columns={columnsFor(viewing)} rows={all} />
          )}
        </Live>
      </>
    )
  },
})

function columnsFor(viewing: Viewing): readonly TableColumn<ScheduleRecord>[] {
  const { site } = viewing
  return [
    {
      head: "Schedule",
      class: "name",
      cell: ({ name, entrypoint }) => (
        <>
          <a href={href(site, `/schedules/${encodeURIComponent(name)}`)} data-open="">
            {name}
          </a>
          {entrypoint === null ? null : <small class="none"> enqueues {entrypoint}</small>}
        </>
      ),
    },
    { head: "When", cell: ({ expression, timezone }) => <Expression expression={expression} timezone={timezone} /> },
    { head: "Next", cell: (schedule) => <Next {...schedule} /> },
    { head: "Last", cell: ({ lastExecution }) => (lastExecution === null ? <None /> : <Time at={lastExecution} />) },
    { head: "Went", class: "what", cell: ({ lastRun }) => <Went run={lastRun} viewing={viewing} /> },
    ...(viewing.mayAct("operator")
      ? [{ head: "Act", acts: true, cell: (schedule: ScheduleRecord) => <Actions {...{ schedule, viewing }} /> }]
      : []),
  ]
}

function Expression({ expression, timezone }: Pick<ScheduleRecord, "expression" | "timezone">) {
  return (
    <>
      <code>{expression}</code> <small>{timezone}</small>
    </>
  )
}

function Next({ nextExecution, paused, orphaned }: ScheduleRecord) {
  if (paused) return <span class="worker-state stopped">paused</span>
  if (orphaned) return <span class="worker-state silent">no worker has it</span>
  return nextExecution === null ? <None /> : <Time at={nextExecution} />
}

export function Went({ run, viewing }: { readonly run: ScheduleRunRecord | null; readonly viewing: Viewing }) {
  if (run === null) return <None />
  const { site } = viewing
  const status = run.job === null ? run.status : (run.job.status ?? run.status)
  const error = run.job?.error ?? run.error
  return (
    <>
      {run.job === null ? status : <a href={href(site, `/jobs/${run.job.id}`)}>{status}</a>}
      {error === null || error === undefined ? null : (
        <span class="error-text"> {inOneLine(site.redactor.text(error))}</span>
      )}
    </>
  )
}

export function Actions({ schedule, viewing }: { readonly schedule: ScheduleRecord; readonly viewing: Viewing }) {
  const { name, paused } = schedule
  const path = `/schedules/${encodeURIComponent(name)}`
  return (
    <div class="actions">
      <ActionButton
        viewing={viewing}
        path={`${path}/trigger`}
        id={`trigger-${name}`}
        label="Trigger"
        title={`Run ${name} now?`}
        question="It runs once, as soon as a worker that has code for it can; its ticks stay as they are."
      />
      <ActionButton
        viewing={viewing}
        path={`${path}/${paused ? "resume" : "pause"}`}
        id={`pause-${name}`}
        label={paused ? "Resume" : "Pause"}
        title={`${paused ? "Resume" : "Pause"} ${name}?`}
        question={
          paused
            ? "It runs again from the next tick on; what fell into the pause is not made up for."
            : "No tick of it starts until it is resumed. A run that is under way goes on."
        }
      />
    </div>
  )
}

function None() {
  return <span class="none">–</span>
}
