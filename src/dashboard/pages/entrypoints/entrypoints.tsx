import type { EntrypointLimits } from "../../../ports/operation-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { EntrypointLink } from "../../components/entrypoint-link.js"
import { countText, Length } from "../../components/figures.js"
import { Icon } from "../../components/icon.js"
import { Live } from "../../components/live.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { activityOf, depth, everEnded, limits } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href, type Site } from "../../site.js"
import { page } from "../page.js"
import { type Range, rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { busiestFirst, type EntrypointRow, failuresOf, rowsOf } from "./entrypoint-rows.js"
import { limitsText, shortLimitsText } from "./limits-text.js"
import { PauseButton } from "./pause-button.js"

const pageSize = 50

/** Ten thousand entrypoints cost their names, and what is shown of those on the page. */
export const entrypointsPage = page({
  path: "/entrypoints",
  title: () => "Entrypoints",
  async load({ site, query }) {
    const list = listOf(query)
    const [now, rules, ended] = await Promise.all([depth(site), limits(site), everEnded(site)])
    const counts = new Map(ended.map((one) => [one.entrypoint, one.ended]))
    const all = [...now.entrypoints, ...rules, ...ended].map(({ entrypoint }) => entrypoint)
    const known = busiestFirst(all, now.entrypoints, counts)
    const found = known.filter((name) => name.toLowerCase().includes(list.search.toLowerCase()))
    const pages = Math.max(1, Math.ceil(found.length / pageSize))
    const number = Math.min(list.number, pages)
    const names = found.slice((number - 1) * pageSize, number * pageSize)
    const active = await activityOf(site, list.range.last, names)
    return {
      list: { ...list, number },
      pages,
      known: known.length,
      found: found.length,
      rows: rowsOf(names, { active, standing: now.entrypoints, limits: rules }),
    }
  },
  view({ list, pages, known, found, rows }, viewing) {
    const { site } = viewing
    return (
      <>
        <div class="head">
          <h1>Entrypoints</h1>
          <RangeTabs site={site} path="/entrypoints" range={list.range} kept={{ search: list.search }} />
        </div>
        {known > pageSize || list.search !== "" ? <Search list={list} site={site} /> : null}
        <Live id="entrypoints" calm>
          {rows.length === 0 ? (
            <NoEntrypoints search={list.search} />
          ) : (
            <Table columns={columnsFor(viewing)} rows={rows} />
          )}
          <Pager list={list} pages={pages} found={found} site={site} />
        </Live>
      </>
    )
  },
})

/** What the parameters of the address ask for. */
interface List {
  readonly range: Range
  /** In the name, in small or capital letters. */
  readonly search: string
  /** Of the page, from 1. */
  readonly number: number
}

function listOf(query: URLSearchParams): List {
  const number = query.get("page") ?? ""
  return {
    range: rangeOf(query),
    search: (query.get("search") ?? "").trim().slice(0, 255),
    number: /^[1-9]\d{0,5}$/.test(number) ? Number(number) : 1,
  }
}

function parametersOf({ range, search }: List) {
  return { last: range.last === "1h" ? undefined : range.last, search }
}

function Search({ list, site }: { readonly list: List; readonly site: Site }) {
  return (
    <form class="filters" method="get" action={href(site, "/entrypoints")} data-filters="">
      {list.range.last === "1h" ? null : <input type="hidden" name="last" value={list.range.last} />}
      <label class="grow">
        <span>In the name</span>
        <input type="search" name="search" value={list.search} data-search="" autocomplete="off" />
      </label>
      <button type="submit">
        <Icon name="search" />
        Search
      </button>
      {list.search === "" ? null : (
        <a class="clear" href={href(site, "/entrypoints", { ...parametersOf(list), search: undefined })}>
          Clear
        </a>
      )}
    </form>
  )
}

function NoEntrypoints({ search }: { readonly search: string }) {
  if (search !== "") {
    return (
      <EmptyState title="No such entrypoint">
        <p>No name has these letters in it.</p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No entrypoints">
      <p>Those with jobs, workers or settings appear here. Enqueue the first job: pgq queue fetch</p>
    </EmptyState>
  )
}

interface PagerProps {
  readonly list: List
  readonly pages: number
  readonly found: number
  readonly site: Site
}

function Pager({ list, pages, found, site }: PagerProps) {
  if (pages === 1) return null
  const { number } = list
  const to = (page: number) =>
    href(site, "/entrypoints", { ...parametersOf(list), page: page === 1 ? undefined : page })
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span class="none">
        {countText((number - 1) * pageSize + 1)} to {countText(Math.min(found, number * pageSize))} of{" "}
        {countText(found)}, busiest first
      </span>
      {number === 1 ? null : (
        <a class="button" rel="prev" href={to(number - 1)}>
          Previous page
        </a>
      )}
      {number === pages ? null : (
        <a class="button" rel="next" data-next="" href={to(number + 1)}>
          Next page
        </a>
      )}
    </nav>
  )
}

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
      cell: ({ entrypoint }) => <EntrypointLink site={site} name={entrypoint} open />,
    },
    count("Queued", "queued"),
    { head: "Oldest", right: true, cell: ({ standing }) => <Length ms={standing?.oldestWaitMs} /> },
    count("Running", "picked"),
    count("Deferred", "deferred"),
    count("Held", "failed"),
    { head: "Done", right: true, cell: ({ active }) => <Amount count={active?.ended.successful ?? 0} /> },
    {
      head: "Failed",
      right: true,
      class: ({ active }) => (failuresOf(active) > 0 ? "bad" : ""),
      cell: ({ active }) => <Amount count={failuresOf(active)} />,
    },
    { head: "Wait p95", right: true, cell: ({ active }) => <Length ms={active?.wait.p95Ms} /> },
    { head: "Run p95", right: true, cell: ({ active }) => <Length ms={active?.run.p95Ms} /> },
    { head: "Workers", right: true, cell: ({ limits: rules }) => <Amount count={rules?.workers ?? 0} /> },
    { head: "Limits", cell: ({ limits: rules }) => <Limits limits={rules} /> },
    ...(viewing.mayAct("admin")
      ? [
          {
            head: "Act",
            acts: true,
            cell: ({ entrypoint, limits: rules }: EntrypointRow) => (
              <PauseButton {...{ entrypoint, viewing }} paused={rules?.paused === true} back="list" />
            ),
          },
        ]
      : []),
  ]
}

function Limits({ limits: rules }: { readonly limits: EntrypointLimits | undefined }) {
  const text = rules === undefined ? "" : shortLimitsText(rules)
  return rules === undefined || text === "" ? (
    <span class="none">–</span>
  ) : (
    <span title={limitsText(rules)}>{text}</span>
  )
}
