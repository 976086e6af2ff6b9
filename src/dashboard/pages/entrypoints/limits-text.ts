import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"

/** What limits an entrypoint, and how much of it is used, as briefly as in a cell of a table; empty when nothing does. */
export function shortLimitsText({ concurrencyLimit, requestsPerSecond, paused, inUse }: EntrypointLimits): string {
  return [
    ...(paused ? ["paused"] : []),
    ...(concurrencyLimit.effective === null ? [] : [`${inUse} of ${concurrencyLimit.effective}`]),
    ...(requestsPerSecond.effective === null ? [] : [`${requestsPerSecond.effective}/s`]),
  ].join(", ")
}

/** The same in words, and where it comes from. */
export function limitsText({ concurrencyLimit, requestsPerSecond, paused, inUse }: EntrypointLimits): string {
  return [
    ...(paused ? ["paused"] : []),
    ...(concurrencyLimit.effective === null
      ? []
      : [`${inUse} of ${concurrencyLimit.effective} at once${byHand(concurrencyLimit)}`]),
    ...(requestsPerSecond.effective === null
      ? []
      : [`${requestsPerSecond.effective} a second${byHand(requestsPerSecond)}`]),
  ].join(", ")
}

function byHand({ set }: LimitSources): string {
  return set === undefined ? "" : " (by hand)"
}
