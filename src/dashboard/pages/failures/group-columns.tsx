import { Time } from "../../components/figures.js"
import { inOneLine } from "../../components/one-line.js"
import { Amount, type TableColumn } from "../../components/table.js"
import { Trend } from "../../components/trend.js"
import type { FailurePage, ShownGroup } from "../../readings/failure-page.js"
import type { Viewing } from "../../route.js"
import { href, type Site } from "../../site.js"

const mostExamples = 3

export function groupColumns(
  { from, to, knownFrom }: FailurePage,
  viewing: Viewing,
): readonly TableColumn<ShownGroup>[] {
  const { site } = viewing
  const columns: readonly TableColumn<ShownGroup>[] = [
    { head: "Error and entrypoint", class: "what", cell: (group) => <GroupError group={group} /> },
    { head: "Trend", cell: ({ failedAt }) => <Trend times={failedAt} from={from} to={to} knownFrom={knownFrom} /> },
    { head: "Attempts", right: true, cell: ({ attempts }) => <Amount count={attempts} /> },
    { head: "Ended", right: true, cell: (group) => <Jobs group={group} status="exception" site={site} /> },
    { head: "Held", right: true, cell: (group) => <Jobs group={group} status="failed" site={site} /> },
    { head: "Last", cell: ({ lastAt }) => <Time at={lastAt} /> },
    { head: "Examples", class: "id", cell: ({ ids }) => <Examples ids={ids} site={site} /> },
  ]
  if (!viewing.mayAct("operator")) return columns
  return [...columns, { head: "Action", cell: (group) => <Requeue group={group} site={site} /> }]
}

function GroupError({ group: { shownError, entrypoint } }: { readonly group: ShownGroup }) {
  const text = shownError === undefined ? "an error: open a job to see it" : inOneLine(shownError) || "no message"
  return (
    <>
      <div class="line" title={text}>
        <span class="error-text">{text}</span>
      </div>
      <div class="line none">{entrypoint}</div>
    </>
  )
}

/** How many ended so, as a link to all of them, not only those that were looked at. */
function Jobs({
  group,
  status,
  site,
}: {
  readonly group: ShownGroup
  readonly status: "exception" | "failed"
  readonly site: Site
}) {
  const count = status === "failed" ? group.held : group.ended - group.held
  if (count === 0) return <Amount count={0} />
  return (
    <a href={href(site, "/jobs", { status, entrypoint: group.entrypoint, error: group.key })}>
      <Amount count={count} />
    </a>
  )
}

function Examples({ ids, site }: { readonly ids: readonly string[]; readonly site: Site }) {
  return (
    <>
      {ids.slice(0, mostExamples).map((id, index) => (
        <>
          {index === 0 ? "" : " "}
          <a href={href(site, `/jobs/${id}`)} {...(index === 0 ? { "data-open": "" } : {})}>
            {id}
          </a>
        </>
      ))}
    </>
  )
}

/** Leads to a page that counts all held jobs of this kind, and asks first. */
function Requeue({
  group: { held, entrypoint, key, shownError },
  site,
}: {
  readonly group: ShownGroup
  readonly site: Site
}) {
  if (held === 0) return null
  return (
    <a
      class="button small"
      href={href(site, "/bulk", { action: "requeue", entrypoint, error: key })}
      aria-label={`Requeue jobs of ${entrypoint} held with ${inOneLine(shownError ?? "this error")}`}
    >
      Requeue…
    </a>
  )
}
