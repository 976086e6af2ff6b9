import type { View, ViewName } from "./view.js"
import { entrypointsView } from "./views/entrypoints.js"
import { failuresView } from "./views/failures.js"
import { recentView } from "./views/recent.js"
import { schedulesView } from "./views/schedules.js"
import { workersView } from "./views/workers.js"

export const views: { readonly [N in ViewName]: View } = {
  recent: recentView,
  entrypoints: entrypointsView,
  workers: workersView,
  failures: failuresView,
  schedules: schedulesView,
}
