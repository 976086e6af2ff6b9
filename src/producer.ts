import { guarded, guardedTransaction } from "./adapters/postgres/guarded.js"
import { PostgresActionStore } from "./adapters/postgres/postgres-action-store.js"
import { PostgresProducerStore } from "./adapters/postgres/postgres-producer-store.js"
import type { PostgresSchemaStore } from "./adapters/postgres/postgres-schema-store.js"
import type { Statements } from "./adapters/postgres/statement.js"
import { systemClock } from "./adapters/system/clock.js"
import { EnqueueBatcher, unknownOutcome } from "./app/enqueue-batcher.js"
import type { BatchOptions } from "./app/enqueue-options.js"
import { enqueueUnique, needsTransaction } from "./app/enqueue-unique.js"
import { joinTransaction } from "./app/join-transaction.js"
import type { OnConflict } from "./app/parse-enqueue.js"
import { checkSchema, schemaMissing } from "./app/schema-check.js"
import { traceEnqueue } from "./app/tracing/trace-enqueue.js"
import { WakeThrottle } from "./app/wake-throttle.js"
import { CompletionWatcher } from "./completion-watcher.js"
import { PgQueuerError } from "./domain/errors.js"
import type { Placement } from "./domain/names.js"
import type { Driver, Queryable } from "./ports/driver.js"
import type { NewJob, Wake } from "./ports/job-store.js"
import { type Logger, logEvent } from "./ports/logger.js"
import type { Tracing } from "./ports/tracing.js"

export interface ProducerParts {
  readonly driver: Driver
  readonly placement: Placement
  readonly statements: Statements
  readonly schema: PostgresSchemaStore
  readonly log: Logger
  readonly tracing: Tracing | undefined
}

/** Writes jobs, together where calls are in flight at once, and wakes the workers. */
export class Producer {
  readonly #parts: ProducerParts

  constructor(parts: ProducerParts) {
    this.#parts = parts
  }

  /**
   * The ids in the order of the jobs, once they are durable; null for a job that was left out.
   *
   * @param coalesce - a single job, which may share a statement with others
   */
  async write(jobs: NewJob[], options: BatchOptions, coalesce = false): Promise<(string | null)[]> {
    if (jobs.length === 0) return []
    const { tracing, log } = this.#parts
    if (tracing === undefined) return this.#writeJobs(jobs, options, coalesce)
    return traceEnqueue(tracing, log, { jobs, batch: !coalesce }, (traced) =>
      this.#writeJobs(traced, options, coalesce),
    )
  }

  /** The watcher that all handles on the driver share. */
  watcher(): CompletionWatcher {
    if (!this.#parts.driver.features.inTransaction) return this.#shared().watcher
    throw new PgQueuerError("PGQ_UNSUPPORTED", "nobody can wait for jobs inside a transaction", {
      remedy: "Make a handle with Queries on the driver itself, and wait when the transaction is committed.",
    })
  }

  async #writeJobs(jobs: NewJob[], options: BatchOptions, coalesce: boolean): Promise<(string | null)[]> {
    const { transaction, onConflict = "raise" } = options
    const driver = transaction === undefined ? this.#parts.driver : joinTransaction(this.#parts.driver, transaction)
    if (jobs.some((job) => job.dedupeKey !== null)) return this.#writeUnique(driver, jobs, onConflict)
    if (driver.features.inTransaction) {
      const store = new PostgresProducerStore(guarded(driver, schemaMissing), this.#parts.statements)
      return [...(await store.enqueue(jobs, "plain")).ids]
    }
    const shared = this.#shared()
    await shared.ready()
    return coalesce ? shared.batcher.enqueueOne(jobs[0]!) : shared.batcher.enqueueAll(jobs)
  }

  async #writeUnique(driver: Driver, jobs: NewJob[], onConflict: OnConflict): Promise<(string | null)[]> {
    const write = (on: Queryable, wake: Wake) => {
      const producer = new PostgresProducerStore(on, this.#parts.statements)
      const actions = new PostgresActionStore(on, this.#parts.statements)
      return enqueueUnique({ producer, actions }, jobs, onConflict, wake)
    }
    const run = (wake: Wake) =>
      needsTransaction(jobs, onConflict)
        ? guardedTransaction(driver, schemaMissing, (on) => write(on, wake))
        : write(guarded(driver, schemaMissing), wake)
    if (driver.features.inTransaction) return (await run("plain")).ids
    const { ready, throttle } = this.#shared()
    await ready()
    const notify = throttle.admit()
    try {
      const { ids, wakeUp } = await run(notify ? "exact" : "none")
      if (!notify && wakeUp !== undefined) throttle.withhold(wakeUp)
      return ids
    } catch (error) {
      throw unknownOutcome(error)
    }
  }

  #shared(): SharedByDriver {
    const { driver, statements } = this.#parts
    let placements = sharedByDriver.get(driver)
    if (placements === undefined) {
      placements = new Map()
      sharedByDriver.set(driver, placements)
    }
    let shared = placements.get(statements.channel)
    if (shared === undefined) {
      shared = share(this.#parts)
      placements.set(statements.channel, shared)
    }
    return shared
  }
}

interface SharedByDriver {
  readonly batcher: EnqueueBatcher
  readonly throttle: WakeThrottle
  /** Waits for the sake of handles; idle until the first one waits, and whenever nobody does. */
  readonly watcher: CompletionWatcher
  /** Checks the schema once. */
  ready(): Promise<void>
}

/** By driver and channel: calls are coalesced and wake-ups throttled over all producers on the same driver. */
const sharedByDriver = new WeakMap<Driver, Map<string, SharedByDriver>>()

function share({ driver, placement, statements, schema, log }: ProducerParts): SharedByDriver {
  const store = new PostgresProducerStore(guarded(driver, schemaMissing), statements)
  const throttle = new WakeThrottle(
    systemClock,
    (wakeUp) => store.notify(wakeUp),
    (error) => {
      const message = "a wake-up was not sent; workers find the jobs by polling"
      logEvent(log, "notify.failed", message, { duty: "notify", error })
    },
  )
  let checked: Promise<void> | undefined
  const ready = () => {
    checked ??= checkSchema(schema).catch((error) => {
      checked = undefined
      throw error
    })
    return checked
  }
  const watcher = new CompletionWatcher(driver, { ...placement, logger: log })
  return { batcher: new EnqueueBatcher(store, throttle), throttle, watcher, ready }
}
