import type { EntrypointActivity } from "../../../app/rollups/history.js"
import type { Depth, EntrypointDepth } from "../../../ports/rollup-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { Count, Length } from "../../components/figures.js"
import { href, type Site } from "../../site.js"
import type { Range } from "../range.js"

interface BusiestProps {
  readonly activity: readonly EntrypointActivity[]
  readonly depth: Depth
  readonly range: Range
  readonly site: Site
}

const most = 12

/** The entrypoints with most to do, now or in the range. */
export function Busiest({ activity, depth, range, site }: BusiestProps) {
  const rows = rowsOf(activity, depth)
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
      <div class="scroll">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Entrypoint</th>
              <th scope="col" class="r">
                Queued
              </th>
              <th scope="col" class="r">
                Running
              </th>
              <th scope="col" class="r">
                Ended
              </th>
              <th scope="col" class="r">
                Failed
              </th>
              <th scope="col" class="r">
                Wait p95
              </th>
              <th scope="col" class="r">
                Run p50
              </th>
              <th scope="col" class="r">
                Run p95
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map(({ entrypoint, active, waiting }) => (
              <tr data-row="">
                <td class="name">
                  <a href={href(site, "/jobs", { entrypoint })} data-open="">
                    {entrypoint}
                  </a>
                </td>
                <td class="r">{waiting === undefined ? <Zero /> : <Amount {...waiting.queued} />}</td>
                <td class="r">{waiting === undefined ? <Zero /> : <Amount {...waiting.picked} />}</td>
                <td class="r">{active === undefined ? <Zero /> : <Amount count={active.run.count} exact />}</td>
                <td class={`r ${failures(active) > 0 ? "bad" : ""}`}>
                  <Amount count={failures(active)} exact />
                </td>
                <td class="r">
                  <Length ms={active?.wait.p95Ms} />
                </td>
                <td class="r">
                  <Length ms={active?.run.p50Ms} />
                </td>
                <td class="r">
                  <Length ms={active?.run.p95Ms} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

interface EntrypointRow {
  readonly entrypoint: string
  readonly active: EntrypointActivity | undefined
  readonly waiting: EntrypointDepth | undefined
}

function rowsOf(activity: readonly EntrypointActivity[], { entrypoints }: Depth): readonly EntrypointRow[] {
  const active = new Map(activity.map((one) => [one.entrypoint, one]))
  const waiting = new Map(entrypoints.map((one) => [one.entrypoint, one]))
  return [...new Set([...active.keys(), ...waiting.keys()])]
    .map((entrypoint) => ({ entrypoint, active: active.get(entrypoint), waiting: waiting.get(entrypoint) }))
    .sort((a, b) => weight(b) - weight(a))
}

function weight({ active, waiting }: EntrypointRow): number {
  return (active?.run.count ?? 0) + (waiting?.queued.count ?? 0) + (waiting?.picked.count ?? 0)
}

function failures(active: EntrypointActivity | undefined): number {
  return active === undefined ? 0 : active.ended.exception + active.ended.failed
}

function Amount({ count, exact }: { readonly count: number; readonly exact: boolean }) {
  return count === 0 ? <Zero /> : <Count count={count} exact={exact} />
}

function Zero() {
  return <span class="none num">0</span>
}
