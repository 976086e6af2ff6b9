import type { ScheduleRunRecord } from "../../../ports/schedule-records.js"
import { EmptyState } from "../../components/empty-state.js"
import { Fact, FactList } from "../../components/fact.js"
import { Length, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Table, type TableColumn } from "../../components/table.js"
import { NotThere } from "../../not-there.js"
import { schedules } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { page } from "../page.js"
import { Actions, Went } from "./schedules.js"

const shownRuns = 100
const shownTimes = 10

export const schedulePage = page({
  path: "/schedules/:name",
  title: ({ schedule }) => schedule.name,
  async load({ site, params }) {
    const name = params["name"]!
    const schedule = (await schedules(site)).find((one) => one.name === name)
    if (schedule === undefined) throw new NotThere("There is no such schedule.")
    const runs = await site.queries.scheduleRuns(name, { limit: shownRuns })
    const isComing = schedule.nextExecution !== null
    const next: readonly Date[] = isComing ? await site.queries.previewSchedule(name, { count: shownTimes }) : []
    return { schedule, runs, next }
  },
  view({ schedule, runs, next }, viewing) {
    return (
      <>
        <div class="head">
          <a class="crumb" href={href(viewing.site, "/schedules")}>
            Schedules
          </a>
          <h1>{schedule.name}</h1>
          {viewing.mayAct("operator") ? <Actions schedule={schedule} viewing={viewing} /> : null}
        </div>
        <Live id="schedule">
          <section class="card">
            <FactList>
              <Fact name="When">
                <code>{schedule.expression}</code> {schedule.timezone}
              </Fact>
              <Fact name="Does">
                {schedule.entrypoint === null ? "runs its handler" : `enqueues ${schedule.entrypoint}`}
              </Fact>
              <Fact name="Missed ticks">{schedule.missed}</Fact>
              <Fact name="Overlap">{schedule.overlap}</Fact>
              <Fact name="Jitter">
                <Length ms={schedule.jitterMs === 0 ? null : schedule.jitterMs} />
              </Fact>
              <Fact name="Workers that have it">{schedule.workers}</Fact>
              <Fact name="Next">
                {next.length === 0 ? (
                  <span class="none">{schedule.paused ? "paused" : "none"}</span>
                ) : (
                  <ol class="times">
                    {next.map((at: Date) => (
                      <li>
                        <Time at={at} as="exact" />
                      </li>
                    ))}
                  </ol>
                )}
              </Fact>
            </FactList>
          </section>
        </Live>
        <Live id="runs" calm>
          <h2>Runs</h2>
          {runs.length === 0 ? (
            <EmptyState title="It has not run yet">
              <p>Runs appear here, with how they went.</p>
            </EmptyState>
          ) : (
            <Table columns={columnsFor(viewing)} rows={runs} />
          )}
        </Live>
      </>
    )
  },
})

function columnsFor(viewing: Viewing): readonly TableColumn<ScheduleRunRecord>[] {
  return [
    { head: "Tick", cell: ({ tick }) => <Time at={tick} as="exact" /> },
    { head: "By", cell: ({ byHand }) => (byHand ? "hand" : "the clock") },
    { head: "Attempt", right: true, class: "num", cell: ({ attempt }) => String(attempt) },
    { head: "Ran", right: true, cell: (run) => <Length ms={ranMs(run)} /> },
    { head: "Worker", class: "id", cell: ({ workerId }) => workerId ?? "" },
    { head: "Went", class: "what", cell: (run) => <Went run={run} viewing={viewing} /> },
  ]
}

function ranMs({ startedAt, finishedAt }: ScheduleRunRecord): number | null {
  return startedAt === null || finishedAt === null ? null : finishedAt.getTime() - startedAt.getTime()
}
