import { setTimeout as pause } from "node:timers/promises"
import type { Trial } from "../trial.ts"

const pollMs = 2
const patienceMs = 240_000

export interface Ending {
  readonly jobs: number
  /** The jobs that count have higher ids than this. */
  readonly after: number
  /** How many handler calls have ended: the database is not asked before all have. */
  handled(): number
}

/** Resolves when the end of all jobs is durably recorded, some two milliseconds later at most. */
export async function untilEnded(trial: Trial, { jobs, after, handled }: Ending): Promise<void> {
  const begin = performance.now()
  while (handled() < jobs || (await unfinished(trial, jobs, after)) > 0) {
    if (performance.now() - begin > patienceMs) {
      throw new Error(`${await unfinished(trial, jobs, after)} of ${jobs} jobs have not ended within ${patienceMs} ms`)
    }
    await pause(pollMs)
  }
}

export function newestId(trial: Trial): Promise<number> {
  return trial.database.number(trial.system.newestIdSql)
}

function unfinished(trial: Trial, jobs: number, after: number): Promise<number> {
  return trial.database.number(trial.system.unfinishedSql, [jobs, after])
}
