import type { Diagnosis, Finding } from "../../../app/doctor/diagnosis.js"
import { bytesText } from "../../../domain/bytes-text.js"
import { Chart, onOneAxis, type Span } from "../../components/chart.js"
import { Fact, FactList } from "../../components/fact.js"
import { countText, Length, Time } from "../../components/figures.js"
import { Icon } from "../../components/icon.js"
import { Live } from "../../components/live.js"
import { diagnosis, tableSamples } from "../../readings/shared.js"
import { page } from "../page.js"
import { rangeOf, spanOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"

/** The tables that are worth a line of their own. */
const shownTables = ["job", "outcome", "ready", "deferred", "claim", "failure"]
const colours = ["c-queued", "c-successful", "c-picked", "c-deferred", "c-exception", "c-canceled"]

/** Each of ten thousand entrypoints may have one. */
const mostFindings = 50

export const databasePage = page({
  path: "/database",
  scripts: ["charts"],
  title: () => "Database",
  async load({ site, query }) {
    const range = rangeOf(query)
    const [found, bytes, dead] = await Promise.all([
      diagnosis(site),
      tableSamples(site, "table-bytes", range.last),
      tableSamples(site, "dead-rows", range.last),
    ])
    return { range, span: spanOf(range, site.now()), diagnosis: found, bytes, dead }
  },
  view({ range, span, diagnosis: found, bytes, dead }, viewing) {
    return (
      <>
        <div class="head">
          <h1>Database</h1>
          <RangeTabs site={viewing.site} path="/database" range={range} />
        </div>
        <Live id="findings" calm>
          <Findings diagnosis={found} />
        </Live>
        <Live id="facts">
          <Facts diagnosis={found} />
        </Live>
        <Live id="charts">
          <div class="charts">
            <TableChart id="bytes" title="Size of the tables, with indexes" unit="bytes" samples={bytes} span={span} />
            <TableChart id="dead" title="Dead rows" unit="count" samples={dead} span={span} />
          </div>
        </Live>
      </>
    )
  },
})

function Findings({ diagnosis: { findings } }: { readonly diagnosis: Diagnosis }) {
  if (findings.length === 0) {
    return (
      <p class="all-well">
        <Icon name="check" />
        Nothing was found: the database is sound for a queue.
      </p>
    )
  }
  return (
    <ul class="concerns">
      {findings.slice(0, mostFindings).map((finding) => (
        <li class={finding.severity === "note" ? "" : finding.severity}>
          <Icon name="alert" />
          <FindingText finding={finding} />
        </li>
      ))}
      {findings.length > mostFindings ? (
        <li>
          <Icon name="alert" />
          <span>
            {countText(findings.length - mostFindings)} more: <code>pgq doctor</code>
          </span>
        </li>
      ) : null}
    </ul>
  )
}

function FindingText({ finding: { message, remedy, command, since, severity } }: { readonly finding: Finding }) {
  return (
    <span>
      <strong>{message}</strong>
      {severity === "note" ? " (a note)" : ""}
      {since === null ? null : (
        <>
          {" since "}
          <Time at={since} />
        </>
      )}
      {". "}
      {remedy} {command === null ? null : <code>{command}</code>}
    </span>
  )
}

function Facts({ diagnosis: { facts } }: { readonly diagnosis: Diagnosis }) {
  const { serverVersion, schemaVersion, user, roles, clockDifferenceMs, notifyMs, wraparound } = facts
  return (
    <section class="card">
      <FactList>
        <Fact name="PostgreSQL">{serverVersion ?? "–"}</Fact>
        <Fact name="Schema">{schemaVersion === null ? "–" : `version ${schemaVersion}`}</Fact>
        <Fact name="User">{user ?? "–"}</Fact>
        <Fact name="Roles it can play">{roles === null || roles.length === 0 ? "–" : roles.join(", ")}</Fact>
        <Fact name="Notification there and back">
          <Length ms={notifyMs} />
        </Fact>
        <Fact name="Clock, ahead of this process">
          <Length ms={clockDifferenceMs === null ? null : Math.abs(clockDifferenceMs)} />
        </Fact>
        <Fact name="Transaction ids in use">
          {wraparound === null ? "–" : `${(wraparound.used * 100).toFixed(1)} %`}
        </Fact>
      </FactList>
    </section>
  )
}

interface TableChartProps {
  readonly id: string
  readonly title: string
  readonly unit: "bytes" | "count"
  readonly samples: Awaited<ReturnType<typeof tableSamples>>
  readonly span: Span
}

function TableChart({ id, title, unit, samples, span }: TableChartProps) {
  const shown = shownTables.flatMap((table) => samples.find(({ label }) => label === table) ?? [])
  const newest = shown.map(({ label, points }) => `${label} ${sizeText(unit, points.at(-1)?.value ?? 0)}`)
  return (
    <Chart
      id={id}
      title={title}
      summary={newest.join(", ")}
      unit={unit}
      kind="lines"
      {...onOneAxis(
        shown.map(({ label, points }, index) => ({ label, colour: colours[index]!, points })),
        span,
      )}
    />
  )
}

function sizeText(unit: "bytes" | "count", value: number): string {
  return unit === "bytes" ? bytesText(value) : Math.round(value).toLocaleString("en")
}
