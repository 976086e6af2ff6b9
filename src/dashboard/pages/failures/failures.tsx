import type { History } from "../../../app/rollups/history.js"
import { Chart } from "../../components/chart.js"
import { EmptyState } from "../../components/empty-state.js"
import { countText, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Table } from "../../components/table.js"
import { type FailurePage, findFailurePage, mostFailures } from "../../readings/failure-page.js"
import { history } from "../../readings/shared.js"
import { href, type Site } from "../../site.js"
import { page } from "../page.js"
import { type Range, rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { groupColumns } from "./group-columns.js"

export const failuresPage = page({
  path: "/failures",
  title: () => "Failures",
  scripts: ["charts"],
  async load({ site, query }) {
    const range = rangeOf(query)
    const [found, counted] = await Promise.all([findFailurePage(site, range), history(site, range.last)])
    return { range, found, counted }
  },
  view({ range, found, counted }, viewing) {
    const { site } = viewing
    return (
      <>
        <div class="head">
          <h1>Failures</h1>
          <RangeTabs site={site} path="/failures" range={range} />
        </div>
        <Live id="failure-chart">
          <FailureChart counted={counted} />
        </Live>
        <Live id="failures" calm>
          {found.groups.length === 0 ? (
            <NoFailures range={range} site={site} />
          ) : (
            <>
              <p class="hint">
                {attemptsText(found, range)}, by entrypoint and error, whatever the numbers in it.{" "}
                <a href={href(site, "/jobs", { status: "failed" })}>All that are held</a>
                {" · "}
                <a href={href(site, "/jobs", { status: "exception" })}>all that ended</a>
              </p>
              <Table columns={groupColumns(found, viewing)} rows={found.groups} />
              <Unknown found={found} />
            </>
          )}
        </Live>
      </>
    )
  },
})

/** What the workers have counted, of all entrypoints together. */
function FailureChart({ counted: { points } }: { readonly counted: History }) {
  const series = [
    { label: "ended", colour: "c-exception", values: points.map(({ ended }) => ended.exception) },
    { label: "held", colour: "c-failed", values: points.map(({ ended }) => ended.failed) },
    { label: "tried again", colour: "c-deferred", values: points.map(({ retried }) => retried) },
  ]
  const total = series.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0)
  return (
    <div class="charts single">
      <Chart
        id="failed"
        title="Failed attempts"
        summary={`${countText(total)} attempts failed`}
        unit="count"
        kind="bars"
        at={points.map(({ at }) => at)}
        series={series}
      />
    </div>
  )
}

function NoFailures({ range, site }: { readonly range: Range; readonly site: Site }) {
  return (
    <EmptyState title={`No attempt failed in ${range.words}`}>
      <p>
        Failed attempts appear here, those of one entrypoint with the same error together.
        {range.last === "30d" ? "" : " "}
        {range.last === "30d" ? null : <a href={href(site, "/failures", { last: "30d" })}>Look back 30 days</a>}
      </p>
    </EmptyState>
  )
}

function attemptsText({ attempts, from, knownFrom }: FailurePage, range: Range): string {
  return knownFrom > from
    ? `The newest ${countText(mostFailures)} failed attempts`
    : `${countText(attempts)} failed ${attempts === 1 ? "attempt" : "attempts"} of ${range.words}`
}

function Unknown({ found: { others, from, knownFrom } }: { readonly found: FailurePage }) {
  return (
    <p class="hint">
      {others === 0 ? "" : `${countText(others)} more kinds of errors are not shown. `}
      {knownFrom > from ? (
        <>
          Earlier than <Time at={new Date(knownFrom)} as="exact" /> is not looked at here, and shaded in the trends; the
          chart counts all.
        </>
      ) : null}
    </p>
  )
}
