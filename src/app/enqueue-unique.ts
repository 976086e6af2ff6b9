import { PgQueuerError } from "../domain/errors.js"
import { show } from "../domain/options.js"
import type { ActionStore, NewJob, UniqueProducerStore, Wake, WakeUp } from "../ports/job-store.js"
import { deleteJobs } from "./job-actions.js"
import type { OnConflict } from "./parse-enqueue.js"
import { mergeWakeUps } from "./wake-throttle.js"

export interface UniqueStores {
  readonly producer: UniqueProducerStore
  readonly actions: ActionStore
}

/** A job and its place in the call. */
export interface PlacedJob {
  readonly index: number
  readonly job: NewJob
}

/** A holder that ends at this very moment is gone at the second look. */
const mostLooks = 50

/** Whether refusing a job must undo what was written for the others. */
export function needsTransaction(jobs: readonly NewJob[], onConflict: OnConflict): boolean {
  return onConflict === "replace" || (onConflict === "raise" && jobs.length > 1)
}

/**
 * Writes jobs of which some have dedupe keys. The id of a job that was left out is null.
 *
 * @throws PgQueuerError `PGQ_DUPLICATE_KEY` or `PGQ_DUPLICATE_RUNNING`; what was written before has to be rolled back
 */
export async function enqueueUnique(
  { producer, actions }: UniqueStores,
  jobs: readonly NewJob[],
  onConflict: OnConflict,
  wake: Wake,
): Promise<{ readonly ids: (string | null)[]; readonly wakeUp: WakeUp | undefined }> {
  const ids: (string | null)[] = jobs.map(() => null)
  let wakeUp: WakeUp | undefined
  let pending = withoutTwins(jobs, onConflict)
  let reserved: readonly string[] = []
  for (let look = 0; look < mostLooks; look++) {
    const written = await producer.enqueueUnique(pending.map(jobOf), reserved, wake)
    const refused = new Set(written.refused)
    pending.forEach(({ index }, place) => {
      if (!refused.has(place)) ids[index] = written.ids[place]!
    })
    if (refused.size < pending.length) wakeUp = wakeUp ? mergeWakeUps(wakeUp, written.wakeUp) : written.wakeUp
    if (refused.size === 0 || onConflict === "skip") return { ids, wakeUp }
    reserved = written.refused.map((place) => written.ids[place]!)
    pending = written.refused.map((place) => pending[place]!)
    const holders = await producer.findKeyHolders(pending.map(jobOf))
    if (onConflict === "replace") await endHolders(actions, pending, holders, reserved)
    else for (const [place, holder] of holders) throw duplicateKey(pending[place]!.job, `job ${holder} has it`)
  }
  throw duplicateKey(pending[0]!.job, "jobs with it come and go all the time")
}

/**
 * The jobs that are to be written when several of one call have the same key: the first for `skip`, the last for `replace`.
 *
 * @throws PgQueuerError `PGQ_DUPLICATE_KEY` for `raise`
 */
export function withoutTwins(jobs: readonly NewJob[], onConflict: OnConflict): readonly PlacedJob[] {
  const placed = jobs.map((job, index) => ({ index, job }))
  const chosen = new Map<string, PlacedJob>()
  for (const one of placed) {
    const name = keyName(one)
    const twin = chosen.get(name)
    if (twin !== undefined && onConflict === "raise") throw duplicateKey(one.job, twinText(twin.index, one.index))
    if (twin === undefined || onConflict === "replace") chosen.set(name, one)
  }
  return placed.filter((one) => chosen.get(keyName(one)) === one)
}

export function duplicateKey({ entrypoint, dedupeKey }: NewJob, reason: string): PgQueuerError {
  const message = `the dedupe key ${show(dedupeKey)} of the entrypoint ${show(entrypoint)} is taken: ${reason}`
  return new PgQueuerError("PGQ_DUPLICATE_KEY", message, {
    remedy: 'Leave that job be, or enqueue with onConflict: "skip" or "replace".',
  })
}

async function endHolders(
  actions: ActionStore,
  pending: readonly PlacedJob[],
  holders: ReadonlyMap<number, string>,
  reserved: readonly string[],
): Promise<void> {
  const replacements = new Map([...holders].map(([place, holder]) => [holder, reserved[place]!]))
  const results = await deleteJobs(actions, [...holders.values()], replacements)
  const running = results.find(({ status }) => status === "picked")
  if (running === undefined) return
  const [place] = [...holders].find(([, holder]) => holder === running.id)!
  const { entrypoint, dedupeKey } = pending[place]!.job
  throw new PgQueuerError(
    "PGQ_DUPLICATE_RUNNING",
    `job ${running.id} with the dedupe key ${show(dedupeKey)} of the entrypoint ${show(entrypoint)} is held by a worker`,
    { remedy: 'Try again when it has ended, or enqueue with onConflict: "skip".' },
  )
}

function jobOf({ job }: PlacedJob): NewJob {
  return job
}

/** Jobs without a key are each their own. */
function keyName({ index, job: { entrypoint, dedupeKey } }: PlacedJob): string {
  return dedupeKey === null ? `${index}` : `${entrypoint}\0${dedupeKey}`
}

function twinText(first: number, second: number): string {
  return `jobs ${first} and ${second} of the call both have it`
}
