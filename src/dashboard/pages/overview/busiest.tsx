import type { EntrypointActivity } from "../../../app/rollups/history.js"
import type { Depth, EntrypointEnds } from "../../../ports/rollup-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { EntrypointLink } from "../../components/entrypoint-link.js"
import { Length } from "../../components/figures.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import type { Site } from "../../site.js"
import { busiestFirst, type EntrypointRow, failuresOf, rowsOf } from "../entrypoints/entrypoint-rows.js"
import type { Range } from "../range.js"

const most = 12

/** The entrypoints with most to do, now or in the range. */
export async function readBusiest(
  ends: readonly EntrypointEnds[],
  { entrypoints }: Depth,
  read: (names: readonly string[]) => Promise<readonly EntrypointActivity[]>,
): Promise<readonly EntrypointRow[]> {
  const counts = new Map(
    ends.map(({ entrypoint, ended }) => [entrypoint, ended.successful + ended.exception + ended.failed]),
  )
  const all = [...entrypoints, ...ends].map(({ entrypoint }) => entrypoint)
  const names = busiestFirst(all, entrypoints, counts).slice(0, most)
  return rowsOf(names, { active: await read(names), standing: entrypoints, limits: [] })
}

interface BusiestProps {
  readonly rows: readonly EntrypointRow[]
  readonly range: Range
  readonly site: Site
}

export function Busiest({ rows, range, site }: BusiestProps) {
  if (rows.length === 0) {
    return (
      <EmptyState title="No jobs yet">
        <p>Enqueue the first one with queries.enqueue, from SQL, or in a shell: pgq queue fetch</p>
      </EmptyState>
    )
  }
  return (
    <section aria-labelledby="busiest-title">
      <h2 id="busiest-title">
        Busiest entrypoints <small>{range.words}</small>
      </h2>
      <Table columns={columnsFor(site)} rows={rows} />
    </section>
  )
}

function columnsFor(site: Site): readonly TableColumn<EntrypointRow>[] {
  return [
    {
      head: "Entrypoint",
      class: "name",
      cell: ({ entrypoint }) => <EntrypointLink site={site} name={entrypoint} open />,
    },
    { head: "Queued", right: true, cell: ({ standing }) => <Amount {...(standing?.queued ?? { count: 0 })} /> },
    { head: "Running", right: true, cell: ({ standing }) => <Amount {...(standing?.picked ?? { count: 0 })} /> },
    { head: "Ended", right: true, cell: ({ active }) => <Amount count={active?.run.count ?? 0} /> },
    {
      head: "Failed",
      right: true,
      class: ({ active }) => (failuresOf(active) > 0 ? "bad" : ""),
      cell: ({ active }) => <Amount count={failuresOf(active)} />,
    },
    { head: "Wait p95", right: true, cell: ({ active }) => <Length ms={active?.wait.p95Ms} /> },
    { head: "Run p50", right: true, cell: ({ active }) => <Length ms={active?.run.p50Ms} /> },
    { head: "Run p95", right: true, cell: ({ active }) => <Length ms={active?.run.p95Ms} /> },
  ]
}
