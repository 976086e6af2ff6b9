import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"

/** What limits an entrypoint, and how much of it is used, in words; empty when nothing does. */
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
