import type { Action } from "../route.js"
import { stopBulkAction } from "./bulk-actions.js"
import { entrypointActions } from "./entrypoint-actions.js"
import { jobActions } from "./job-actions.js"
import { scheduleActions } from "./schedule-actions.js"
import { workerActions } from "./worker-actions.js"

/** Everything that can be done. */
export const actions: readonly Action[] = [
  ...jobActions,
  stopBulkAction,
  ...scheduleActions,
  ...entrypointActions,
  ...workerActions,
]
