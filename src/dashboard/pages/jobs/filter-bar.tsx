import { statuses } from "../../../domain/status.js"
import { Icon } from "../../components/icon.js"
import { href, type Site } from "../../site.js"
import { ages, isFiltered, type JobsFilter } from "./jobs-filter.js"

/** A form whose fields are the parameters of the page's address: every filter is a link that can be kept. */
export function FilterBar({ filter, site }: { readonly filter: JobsFilter; readonly site: Site }) {
  const age = filter.within
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
        <input type="search" name="entrypoint" value={filter.entrypoint ?? ""} autocomplete="off" />
      </label>
      <label class="grow">
        <span>Text in payload or error</span>
        <input type="search" name="text" value={filter.text ?? ""} data-search="" autocomplete="off" />
      </label>
      <label class="small">
        <span>Priority</span>
        <input name="priority" inputmode="numeric" value={filter.priority ?? ""} autocomplete="off" />
      </label>
      <label class="small">
        <span>Worker</span>
        <input name="worker" inputmode="numeric" value={filter.worker ?? ""} autocomplete="off" />
      </label>
      <label>
        <span>Created</span>
        <select name="within">
          <option value="">at any time</option>
          {age === undefined || ages.some((one) => one === age) ? null : (
            <option value={age} selected>
              within {age}
            </option>
          )}
          {ages.map((one) => (
            <option value={one} selected={age === one}>
              within {one}
            </option>
          ))}
        </select>
      </label>
      {filter.before === undefined ? null : <input type="hidden" name="before" value={filter.before} />}
      {filter.error === undefined ? null : <input type="hidden" name="error" value={filter.error} />}
      {filter.order === "newest" ? null : <input type="hidden" name="order" value={filter.order} />}
      <button type="submit">
        <Icon name="search" />
        Filter
      </button>
      {isFiltered(filter) ? (
        <a class="clear" href={href(site, "/jobs")}>
          Clear
        </a>
      ) : null}
    </form>
  )
}
