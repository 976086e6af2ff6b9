import type { AnyPage } from "../route.js"
import { jobPage } from "./job/job.js"
import { jobsPage } from "./jobs/jobs.js"
import { overviewPage } from "./overview/overview.js"

/** Every page; those of the navigation are named in `components/navigation.ts`, too. */
export const pages: readonly AnyPage[] = [overviewPage, jobsPage, jobPage]
