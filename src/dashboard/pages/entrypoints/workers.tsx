import type { WorkerRecord } from "../../../ports/operation-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { Length } from "../../components/figures.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { href, type Site } from "../../site.js"

interface EntrypointWorkersProps {
  readonly name: string
  readonly workers: readonly WorkerRecord[]
  readonly site: Site
}

/** The workers that have a handler for it. */
export function EntrypointWorkers({ name, workers, site }: EntrypointWorkersProps) {
  return (
    <section aria-labelledby="workers-title">
      <h2 id="workers-title">Workers that know it</h2>
      {workers.length === 0 ? (
        <EmptyState title="No running worker has a handler for it">
          <p>Its jobs wait until one is started.</p>
        </EmptyState>
      ) : (
        <Table columns={columnsFor(name, site)} rows={workers} />
      )}
    </section>
  )
}

function columnsFor(name: string, site: Site): readonly TableColumn<WorkerRecord>[] {
  return [
    {
      head: "Worker",
      class: "id",
      cell: ({ id }) => <a href={href(site, "/jobs", { worker: id, entrypoint: name })}>{id}</a>,
    },
    { head: "State", cell: ({ state }) => <span class={`worker-state ${state}`}>{state}</span> },
    { head: "Host", class: "name", cell: ({ host }) => host },
    { head: "Process", right: true, class: "num", cell: ({ pid }) => String(pid) },
    { head: "Holds of it", right: true, cell: ({ holds }) => <Amount count={holds[name] ?? 0} /> },
    { head: "Heartbeat", right: true, cell: ({ silentMs }) => <Length ms={silentMs} /> },
  ]
}
