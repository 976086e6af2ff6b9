import { statuses } from "../../../domain/status.js"
import { Icon } from "../../components/icon.js"
import { href, type Site } from "../../site.js"
import type { JobsQuery } from "./jobs-filter.js"

/** A form whose fields are the parameters of the page's address: every filter is a link that can be kept. */
export function FilterBar({ filter, site }: { readonly filter: JobsQuery; readonly site: Site }) {
  return (
    <form class="filters" method="get" action={href(site, "/jobs")} data-filters="">
      <label>
        <span>Status</span>
        <select name="status">
          <option value="">any</option>
          {statuses.map((status) => (
            <option value={status} selected={filter.status === status}>
              {status}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        <span>Entrypoint</span>
        <input
          type="search"
          name="entrypoint"
          value={filter.entrypoint ?? ""}
          placeholder="any"
          data-search=""
          autocomplete="off"
        />
      </label>
      <button type="submit">
        <Icon name="search" />
        Filter
      </button>
    </form>
  )
}
