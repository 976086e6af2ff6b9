import { bytesText } from "../../../domain/bytes-text.js"
import type { WorkerRecord } from "../../../ports/operation-store.js"
import { ActionButton } from "../../components/action-button.js"
import { EmptyState } from "../../components/empty-state.js"
import { EntrypointLink } from "../../components/entrypoint-link.js"
import { Count, countText, Length, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { allWorkers } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href, type Site } from "../../site.js"
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
const mostNamed = 1
const mostInTitle = 50

const common: readonly TableColumn<WorkerRecord>[] = [
  { head: "Worker", class: "id", cell: ({ id }) => id },
  { head: "State", cell: (worker) => <State {...worker} /> },
  { head: "Host", class: "name", cell: (worker) => <Process {...worker} /> },
  { head: "Started", cell: ({ startedAt }) => <Time at={startedAt} /> },
]

function aliveColumnsFor(viewing: Viewing): readonly TableColumn<WorkerRecord>[] {
  return [
    ...common,
    { head: "Heartbeat", right: true, cell: ({ silentMs }) => <Length ms={silentMs} /> },
    { head: "Runs", class: "brief", cell: (worker) => <Runs worker={worker} site={viewing.site} /> },
    ...load,
    { head: "Entrypoints", cell: ({ entrypoints }) => <Entrypoints names={entrypoints} site={viewing.site} /> },
    ...(viewing.mayAct("admin")
      ? [{ head: "Act", acts: true, cell: (worker: WorkerRecord) => <Drain worker={worker} viewing={viewing} /> }]
      : []),
  ]
}

const load: readonly TableColumn<WorkerRecord>[] = [
  { head: "CPU", right: true, class: "num", cell: cpuText },
  { head: "Event loop", right: true, cell: ({ vitals }) => <Length ms={vitals?.worstEventLoopLagMs} /> },
  { head: "Memory", right: true, class: "num", cell: ({ vitals }) => bytesText(vitals?.memoryBytes ?? null) },
]

const endedColumns: readonly TableColumn<WorkerRecord>[] = [
  ...common,
  { head: "Ended", cell: ({ stoppedAt, heartbeatAt }) => <Time at={stoppedAt ?? heartbeatAt} /> },
]

/** How it hears of jobs is said where it is not as it should be. */
function State({ state, vitals, stoppedAt }: WorkerRecord) {
  const listen = stoppedAt === null ? vitals?.listen : undefined
  return (
    <>
      <span class={`worker-state ${state}`}>{state}</span>
      {listen === undefined || listen === "listening" ? null : <small class="none"> {listen}</small>}
    </>
  )
}

function Process({ host, pid, version }: WorkerRecord) {
  return (
    <>
      {host}{" "}
      <small class="none">
        pid {pid}, {version}
      </small>
    </>
  )
}

/** How many jobs run, of what, and a way to them. What is held and does not run yet is told beside. */
function Runs({ worker: { id, holds, vitals }, site }: { readonly worker: WorkerRecord; readonly site: Site }) {
  const running = vitals?.running ?? 0
  const held = Object.values(holds).reduce((sum, count) => sum + count, 0)
  if (running + held === 0) return <Amount count={0} />
  return (
    <>
      <a href={href(site, "/jobs", { worker: id, status: "picked" })}>
        <Count count={running} />
      </a>
      {held > running ? <small class="none"> of {countText(held)} held</small> : null}{" "}
      <small class="none" title={holdsText(holds)}>
        {holdsText(holds)}
      </small>
    </>
  )
}

/** Of one core, since its start. */
function cpuText({ vitals, startedAt, heartbeatAt }: WorkerRecord): string {
  const livedMs = heartbeatAt.getTime() - startedAt.getTime()
  return vitals === null || livedMs < 1_000 ? "–" : `${((vitals.cpuMs / livedMs) * 100).toFixed(0)} %`
}

/** There may be thousands. */
function Entrypoints({ names, site }: { readonly names: readonly string[]; readonly site: Site }) {
  const shown = names.slice(0, mostNamed)
  const rest = names.length - shown.length
  return (
    <span class="names" title={names.slice(0, mostInTitle).join(", ")}>
      {shown.map((name, index) => (
        <>
          {index === 0 ? "" : ", "}
          <EntrypointLink site={site} name={name} />
        </>
      ))}
      {rest > 0 ? <span class="none"> +{countText(rest)}</span> : null}
    </span>
  )
}

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
    .slice(0, mostInTitle)
    .map(([entrypoint, count]) => `${count} ${entrypoint}`)
    .join(", ")
}
