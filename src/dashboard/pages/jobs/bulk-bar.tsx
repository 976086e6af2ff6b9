import { bulkKinds, placesOf } from "../../bulk/bulk-kinds.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { type JobsFilter, jobsParameters } from "./jobs-filter.js"

/** What can be done to all jobs of the filter, for those who may: leads to a page that asks first. */
export function BulkBar({ filter, viewing }: { readonly filter: JobsFilter; readonly viewing: Viewing }) {
  const offered = bulkKinds.filter((kind) => placesOf(kind.reach, filter.status).length > 0)
  if (!viewing.mayAct("operator") || offered.length === 0) return null
  const { order, ...parameters } = jobsParameters(filter)
  return (
    <nav class="bulk-bar" aria-label="All that match">
      <span class="none">All that match:</span>
      {offered.map(({ name, label, danger }) => (
        <a
          class={`button ${danger ? "danger" : ""}`}
          href={href(viewing.site, "/bulk", { ...parameters, action: name })}
        >
          {label}…
        </a>
      ))}
    </nav>
  )
}
