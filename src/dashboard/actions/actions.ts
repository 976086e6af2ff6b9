import type { Action } from "../route.js"
import { jobActions } from "./job-actions.js"

/** Everything that can be done. */
export const actions: readonly Action[] = [...jobActions]
