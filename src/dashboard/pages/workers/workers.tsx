import { bytesText } from "../../../domain/bytes-text.js"
import type { WorkerRecord } from "../../../ports/operation-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { Length, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { allWorkers } from "../../readings/shared.js"
import { page } from "../page.js"

export const workersPage = page({
  path: "/workers",
  title: () => "Workers",
  load: async ({ site }) => ({ workers: await allWorkers(site) }),
  view({ workers }) {
    const alive = workers.filter(({ state }) => state === "running" || state === "silent")
    const ended = workers.filter(({ state }) => state === "stopped" || state === "lost").slice(0, mostEnded)
    return (
      <>
        <div class="head">
          <h1>Workers</h1>
        </div>
        <Live id="alive" calm>
          {alive.length === 0 ? (
            <EmptyState title="No worker runs">
              <p>Jobs wait until one is started: pgq run ./worker.ts:main</p>
            </EmptyState>
          ) : (
            <Table columns={aliveColumns} rows={alive} />
          )}
        </Live>
        <Live id="ended" calm>
          {ended.length === 0 ? null : (
            <section aria-labelledby="ended-title">
              <h2 id="ended-title">
                Ended <small>within the last week</small>
              </h2>
              <Table columns={endedColumns} rows={ended} />
            </section>
          )}
        </Live>
      </>
    )
  },
})

const mostEnded = 50

const common: readonly TableColumn<WorkerRecord>[] = [
  { head: "Worker", class: "id", cell: ({ id }) => id },
  { head: "State", cell: ({ state }) => <span class={`worker-state ${state}`}>{state}</span> },
  { head: "Host", class: "name", cell: ({ host }) => host },
  { head: "Process", right: true, class: "num", cell: ({ pid }) => String(pid) },
  { head: "Version", cell: ({ version }) => version },
  { head: "Started", cell: ({ startedAt }) => <Time at={startedAt} /> },
]

const aliveColumns: readonly TableColumn<WorkerRecord>[] = [
  ...common,
  { head: "Heartbeat", right: true, cell: ({ silentMs }) => <Length ms={silentMs} /> },
  { head: "Runs", right: true, cell: ({ vitals }) => <Amount count={vitals?.running ?? 0} /> },
  { head: "Event loop", right: true, cell: ({ vitals }) => <Length ms={vitals?.worstEventLoopLagMs} /> },
  { head: "Memory", right: true, class: "num", cell: ({ vitals }) => bytesText(vitals?.memoryBytes ?? null) },
  { head: "Notifications", cell: ({ vitals }) => vitals?.listen ?? <span class="none">–</span> },
  { head: "Holds", class: "name", cell: ({ holds }) => holdsText(holds) },
  { head: "Entrypoints", class: "name", cell: ({ entrypoints }) => entrypoints.join(", ") },
]

const endedColumns: readonly TableColumn<WorkerRecord>[] = [
  ...common,
  { head: "Ended", cell: ({ stoppedAt, heartbeatAt }) => <Time at={stoppedAt ?? heartbeatAt} /> },
]

function holdsText(holds: WorkerRecord["holds"]): string {
  return Object.entries(holds)
    .map(([entrypoint, count]) => `${count} ${entrypoint}`)
    .join(", ")
}
