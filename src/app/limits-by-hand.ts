import { PgQueuerError } from "../domain/errors.js"
import { checkEntrypoint } from "../domain/names.js"
import { type Check, checkOptions } from "../domain/options.js"
import type { EntrypointChange, EntrypointLimits, OperationStore, SetByHand } from "../ports/operation-store.js"
import { entrypointOptionChecks } from "./worker/entrypoint-options.js"

/** Limits to set by hand; null is no limit, `"reset"` lets the code's hold again, what is left out stays as it is. */
export interface LimitsByHand {
  /** 1 to 1,000,000. */
  readonly concurrencyLimit?: number | null | "reset"
  /** 0.0001 to 1,000,000, fractions too. */
  readonly requestsPerSecond?: number | null | "reset"
}

/** @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID` */
export async function setLimits(store: OperationStore, entrypoint: string, limits: LimitsByHand) {
  checkOptions("setLimits", limits, limitChecks)
  const { concurrencyLimit, requestsPerSecond } = limits ?? {}
  if (concurrencyLimit === undefined && requestsPerSecond === undefined) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "setLimits was given nothing to set", {
      remedy: 'Give concurrencyLimit or requestsPerSecond: a number, null for no limit, or "reset".',
    })
  }
  return changeEntrypoint(store, entrypoint, {
    ...(concurrencyLimit === undefined ? {} : { concurrencyLimit: asChange(concurrencyLimit) }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond: asChange(requestsPerSecond) }),
  })
}

function asChange(value: number | null | "reset"): SetByHand {
  return value === "reset" ? value : { value }
}

/** Answers with what holds for the entrypoint afterwards. */
export async function changeEntrypoint(
  store: OperationStore,
  entrypoint: string,
  change: EntrypointChange,
): Promise<EntrypointLimits> {
  checkEntrypoint(entrypoint)
  await store.changeEntrypoint(entrypoint, change)
  const [limits] = await store.listLimits(entrypoint)
  return limits!
}

const limitChecks = {
  concurrencyLimit: orNone(entrypointOptionChecks.concurrencyLimit),
  requestsPerSecond: orNone(entrypointOptionChecks.requestsPerSecond),
}

function orNone(check: Check): Check {
  return (value) => (value === null || value === "reset" ? undefined : check(value))
}
