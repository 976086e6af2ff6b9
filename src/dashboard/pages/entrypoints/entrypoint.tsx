import type { History } from "../../../app/rollups/history.js"
import { PgQueuerError } from "../../../domain/errors.js"
import { checkEntrypoint } from "../../../domain/names.js"
import type { JobRow } from "../../../ports/job-page-store.js"
import type { EntrypointLimits, WorkerRecord } from "../../../ports/operation-store.js"
import type { Depth, EntrypointDepth } from "../../../ports/rollup-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { entrypointPath } from "../../components/entrypoint-link.js"
import { Live } from "../../components/live.js"
import { NotThere } from "../../not-there.js"
import { depth, depthSamples, history, limits, recentFailures, workers } from "../../readings/shared.js"
import type { Viewing } from "../../route.js"
import { href, type Site } from "../../site.js"
import { ActivityCharts } from "../activity-charts.js"
import { page } from "../page.js"
import { rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { Tiles } from "../tiles.js"
import { JobLinks } from "./job-links.js"
import { Limits } from "./limits.js"
import { PauseButton } from "./pause-button.js"
import { RecentFailures } from "./recent-failures.js"
import { EntrypointWorkers } from "./workers.js"

export const entrypointPage = page({
  path: "/entrypoints/:name",
  scripts: ["charts"],
  async load({ site, params, query }) {
    const name = nameOf(params)
    const range = rangeOf(query)
    const [past, samples, now, rules, running, failures] = await Promise.all([
      history(site, range.last, name),
      depthSamples(site, range.last, name),
      depth(site),
      limits(site),
      workers(site),
      recentFailures(site, name),
    ])
    const own = now.entrypoints.filter(({ entrypoint }) => entrypoint === name)
    return {
      name,
      range,
      history: past,
      samples,
      depth: { ...now, entrypoints: own },
      limits: rules.find(({ entrypoint }) => entrypoint === name),
      workers: running.filter(({ entrypoints }) => entrypoints.includes(name)),
      failures,
    }
  },
  title: ({ name }) => name,
  view(data, viewing) {
    const { name, range, limits: rules } = data
    return (
      <>
        <div class="head">
          <a class="crumb" href={href(viewing.site, "/entrypoints")}>
            Entrypoints
          </a>
          <h1>{name}</h1>
          <RangeTabs site={viewing.site} path={entrypointPath(name)} range={range} />
        </div>
        <Live id="acts" calm>
          <Actions name={name} paused={rules?.paused === true} viewing={viewing} />
        </Live>
        {isKnown(data) ? <Parts {...data} site={viewing.site} /> : <Unknown name={name} />}
      </>
    )
  },
})

/** What can be no name is not there. */
export function nameOf(params: Readonly<Record<string, string>>): string {
  const name = params["name"] ?? ""
  try {
    checkEntrypoint(name)
    return name
  } catch (error) {
    if (error instanceof PgQueuerError) throw new NotThere("No entrypoint can have that name.")
    throw error
  }
}

interface PartsProps {
  readonly name: string
  readonly history: History
  readonly samples: Awaited<ReturnType<typeof depthSamples>>
  readonly depth: Depth
  readonly limits: EntrypointLimits | undefined
  readonly workers: readonly WorkerRecord[]
  readonly failures: readonly JobRow[]
  readonly site: Site
}

function Parts({
  name,
  history: past,
  samples,
  depth: now,
  limits: rules,
  workers: running,
  failures,
  site,
}: PartsProps) {
  return (
    <>
      <Live id="tiles">
        <Tiles history={past} depth={now} workers={running} />
      </Live>
      <Live id="links">
        <JobLinks name={name} standing={now.entrypoints[0]} site={site} />
      </Live>
      <Live id="charts">
        <ActivityCharts history={past} samples={samples} />
      </Live>
      <Live id="limits">
        <Limits limits={rules} />
      </Live>
      <Live id="failures" calm>
        <RecentFailures name={name} failures={failures} site={site} />
      </Live>
      <Live id="workers" calm>
        <EntrypointWorkers name={name} workers={running} site={site} />
      </Live>
    </>
  )
}

interface Known {
  readonly history: { readonly points: readonly { readonly run: { readonly count: number } }[] }
  readonly depth: { readonly entrypoints: readonly EntrypointDepth[] }
  readonly limits: unknown
  readonly workers: readonly unknown[]
  readonly failures: readonly unknown[]
}

function isKnown({ history: past, depth: now, limits: rules, workers: running, failures }: Known): boolean {
  const hasRun = past.points.some(({ run }) => run.count > 0)
  const parts = [now.entrypoints, running, failures]
  return hasRun || rules !== undefined || parts.some((part) => part.length > 0)
}

function Unknown({ name }: { readonly name: string }) {
  return (
    <Live id="unknown">
      <EmptyState title={`Nothing is known of ${name} in this time`}>
        <p>It has no unfinished jobs, no settings and no running worker. The name may be mistyped, or it rests.</p>
      </EmptyState>
    </Live>
  )
}

function Actions({
  name,
  paused,
  viewing,
}: {
  readonly name: string
  readonly paused: boolean
  readonly viewing: Viewing
}) {
  if (!viewing.mayAct("admin")) return null
  return (
    <div class="actions">
      <PauseButton entrypoint={name} paused={paused} viewing={viewing} back="page" />
      <a class="button" href={href(viewing.site, entrypointPath(name, "/limits"))}>
        Change limits
      </a>
    </div>
  )
}
