import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"
import { ActionButton } from "../../components/action-button.js"
import { EmptyState } from "../../components/empty-state.js"
import { Length } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { activity, depth, limits } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { page } from "../page.js"
import { rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { type EntrypointRow, entrypointRows, failuresOf } from "./entrypoint-rows.js"

/** Ten thousand rows would not be read by anybody. */
const mostShown = 200

export const entrypointsPage = page({
  path: "/entrypoints",
  title: () => "Entrypoints",
  async load({ site, query }) {
    const range = rangeOf(query)
    const [active, now, rules] = await Promise.all([activity(site, range.last), depth(site), limits(site)])
    return { range, rows: entrypointRows(active, now.entrypoints, rules) }
  },
  view({ range, rows }, viewing) {
    return (
      <>
        <div class="head">
          <h1>Entrypoints</h1>
          <RangeTabs site={viewing.site} path="/entrypoints" range={range} />
        </div>
        <Live id="entrypoints" calm>
          {rows.length === 0 ? (
            <EmptyState title="No entrypoints">
              <p>Those with jobs, workers or settings appear here.</p>
            </EmptyState>
          ) : (
            <Table columns={columnsFor(viewing)} rows={rows.slice(0, mostShown)} />
          )}
          {rows.length > mostShown ? (
            <p class="hint">
              The {mostShown} with most to do of {rows.length.toLocaleString("en")}.
            </p>
          ) : null}
        </Live>
      </>
    )
  },
})

function columnsFor(viewing: Viewing): readonly TableColumn<EntrypointRow>[] {
  const { site } = viewing
  const count = (head: string, place: "queued" | "deferred" | "picked" | "failed"): TableColumn<EntrypointRow> => ({
    head,
    right: true,
    cell: ({ standing }) => <Amount {...(standing?.[place] ?? { count: 0 })} />,
  })
  return [
    {
      head: "Entrypoint",
      class: "name",
      cell: ({ entrypoint }) => (
        <a href={href(site, "/jobs", { entrypoint })} data-open="">
          {entrypoint}
        </a>
      ),
    },
    count("Queued", "queued"),
    { head: "Oldest", right: true, cell: ({ standing }) => <Length ms={standing?.oldestWaitMs} /> },
    count("Running", "picked"),
    count("Deferred", "deferred"),
    count("Held", "failed"),
    { head: "Successful", right: true, cell: ({ active }) => <Amount count={active?.ended.successful ?? 0} /> },
    { head: "Failed", right: true, cell: ({ active }) => <Amount count={failuresOf(active)} /> },
    { head: "Wait p95", right: true, cell: ({ active }) => <Length ms={active?.wait.p95Ms} /> },
    { head: "Run p95", right: true, cell: ({ active }) => <Length ms={active?.run.p95Ms} /> },
    { head: "Limits", cell: ({ limits: rules }) => <Limits limits={rules} /> },
    { head: "Workers", right: true, cell: ({ limits: rules }) => <Amount count={rules?.workers ?? 0} /> },
    ...(viewing.mayAct("admin")
      ? [{ head: "Act", cell: (row: EntrypointRow) => <Pause row={row} viewing={viewing} /> }]
      : []),
  ]
}

function Limits({ limits: rules }: { readonly limits: EntrypointLimits | undefined }) {
  if (rules === undefined) return <span class="none">–</span>
  const { concurrencyLimit, requestsPerSecond, paused, inUse } = rules
  const words = [
    ...(paused ? ["paused"] : []),
    ...(concurrencyLimit.effective === null
      ? []
      : [`${inUse} of ${concurrencyLimit.effective} at once${byHand(concurrencyLimit)}`]),
    ...(requestsPerSecond.effective === null
      ? []
      : [`${requestsPerSecond.effective} a second${byHand(requestsPerSecond)}`]),
  ]
  return words.length === 0 ? <span class="none">none</span> : <span>{words.join(", ")}</span>
}

function byHand({ set }: LimitSources): string {
  return set === undefined ? "" : " (by hand)"
}

function Pause({
  row: { entrypoint, limits: rules },
  viewing,
}: {
  readonly row: EntrypointRow
  readonly viewing: Viewing
}) {
  const paused = rules?.paused === true
  const verb = paused ? "resume" : "pause"
  return (
    <ActionButton
      viewing={viewing}
      path={`/entrypoints/${encodeURIComponent(entrypoint)}/${verb}`}
      id={`pause-${entrypoint}`}
      label={paused ? "Resume" : "Pause"}
      title={`${paused ? "Resume" : "Pause"} ${entrypoint}?`}
      question={
        paused
          ? "Workers take its jobs again at once."
          : "No worker takes another job of it until it is resumed. Jobs that run go on, others wait."
      }
    />
  )
}
