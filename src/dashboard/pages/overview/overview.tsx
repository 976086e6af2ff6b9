import { Live } from "../../components/live.js"
import { activityOf, depth, depthSamples, ends, history, limits, workers } from "../../readings/shared.js"
import { ActivityCharts } from "../activity-charts.js"
import { page } from "../page.js"
import { rangeOf } from "../range.js"
import { RangeTabs } from "../range-tabs.js"
import { Tiles } from "../tiles.js"
import { concernsOf } from "./attention.js"
import { Busiest, readBusiest } from "./busiest.js"
import { Concerns } from "./concerns.js"

export const overviewPage = page({
  path: "/",
  scripts: ["charts"],
  title: () => "Overview",
  async load({ site, query }) {
    const range = rangeOf(query)
    const [past, ended, now, samples, alive, rules] = await Promise.all([
      history(site, range.last),
      ends(site, range.last),
      depth(site),
      depthSamples(site, range.last),
      workers(site),
      limits(site),
    ])
    const busiest = await readBusiest(ended, now, (names) => activityOf(site, range.last, names))
    return { range, history: past, ends: ended, busiest, depth: now, samples, workers: alive, limits: rules }
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
          <Busiest rows={data.busiest} range={range} site={viewing.site} />
        </Live>
      </>
    )
  },
})
