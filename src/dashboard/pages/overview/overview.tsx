import { Live } from "../../components/live.js"
import { activity, depth, depthSamples, history, limits, workers } from "../../readings/shared.js"
import { ActivityCharts } from "../activity-charts.js"
import { page } from "../page.js"
import { rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { Tiles } from "../tiles.js"
import { concernsOf } from "./attention.js"
import { Busiest } from "./busiest.js"
import { Concerns } from "./concerns.js"

export const overviewPage = page({
  path: "/",
  scripts: ["charts"],
  title: () => "Overview",
  async load({ site, query }) {
    const range = rangeOf(query)
    const [past, active, now, samples, alive, rules] = await Promise.all([
      history(site, range.last),
      activity(site, range.last),
      depth(site),
      depthSamples(site, range.last),
      workers(site),
      limits(site),
    ])
    return { range, history: past, activity: active, depth: now, samples, workers: alive, limits: rules }
  },
  view(data, viewing) {
    const { range } = data
    return (
      <>
        <div class="head">
          <h1>Overview</h1>
          <RangeTabs site={viewing.site} path="/" range={range} />
        </div>
        <Live id="concerns" calm>
          <Concerns concerns={concernsOf(data)} site={viewing.site} />
        </Live>
        <Live id="tiles">
          <Tiles {...data} />
        </Live>
        <Live id="charts">
          <ActivityCharts {...data} />
        </Live>
        <Live id="busiest" calm>
          <Busiest {...data} site={viewing.site} />
        </Live>
      </>
    )
  },
})
