import { bytesText } from "../../../domain/bytes-text.js"
import type { WorkerRecord } from "../../../ports/operation-store.js"
import { ActionButton } from "../../components/action-button.js"
import { EmptyState } from "../../components/empty-state.js"
import { Length, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { allWorkers } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { page } from "../page.js"

export const workersPage = page({
  path: "/workers",
  title: () => "Workers",
  load: async ({ site }) => ({ workers: await allWorkers(site) }),
  view({ workers }, viewing) {
    const alive = workers.filter(({ state }) => state !== "stopped" && state !== "lost")
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
            <Table columns={aliveColumnsFor(viewing)} rows={alive} />
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

function aliveColumnsFor(viewing: Viewing): readonly TableColumn<WorkerRecord>[] {
  return [
    ...common,
    ...vital,
    ...(viewing.mayAct("admin")
      ? [{ head: "Act", cell: (worker: WorkerRecord) => <Drain worker={worker} viewing={viewing} /> }]
      : []),
  ]
}

const vital: readonly TableColumn<WorkerRecord>[] = [
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

function Drain({ worker: { id, host, state }, viewing }: { readonly worker: WorkerRecord; readonly viewing: Viewing }) {
  if (state === "draining") return <span class="none">drains</span>
  return (
    <ActionButton
      viewing={viewing}
      path={`/workers/${id}/drain`}
      id={`drain-${id}`}
      label="Drain"
      title={`Drain worker ${id} on ${host}?`}
      question="It takes no more jobs. Those that run go on until its shutdown timeout, then they go back into line; and its process ends. What starts workers may start another one."
    />
  )
}

function holdsText(holds: WorkerRecord["holds"]): string {
  return Object.entries(holds)
    .map(([entrypoint, count]) => `${count} ${entrypoint}`)
    .join(", ")
}
