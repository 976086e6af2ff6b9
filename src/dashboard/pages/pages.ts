import type { AnyPage } from "../route.js"
import { auditPage } from "./audit/audit.js"
import { confirmPage } from "./bulk/confirm.js"
import { progressPage } from "./bulk/progress.js"
import { databasePage } from "./database/database.js"
import { entrypointPage } from "./entrypoints/entrypoint.js"
import { entrypointLimitsPage } from "./entrypoints/entrypoint-limits.js"
import { entrypointsPage } from "./entrypoints/entrypoints.js"
import { failuresPage } from "./failures/failures.js"
import { jobPage } from "./job/job.js"
import { jobsPage } from "./jobs/jobs.js"
import { overviewPage } from "./overview/overview.js"
import { schedulePage } from "./schedules/schedule.js"
import { schedulesPage } from "./schedules/schedules.js"
import { workersPage } from "./workers/workers.js"

/** Every page; those of the navigation are named in `components/navigation.ts`, too. */
export const pages: readonly AnyPage[] = [
  overviewPage,
  jobsPage,
  jobPage,
  confirmPage,
  progressPage,
  entrypointsPage,
  entrypointPage,
  entrypointLimitsPage,
  failuresPage,
  schedulesPage,
  schedulePage,
  workersPage,
  databasePage,
  auditPage,
]
