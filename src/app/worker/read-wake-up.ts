import type { WakeUp } from "../../ports/job-store.js"

/** Only what has the right form: a notification is not to be trusted. One that cannot be read still is a reason to look everywhere. */
export function readWakeUp(message: {
  readonly entrypoints?: unknown
  readonly seq?: unknown
  readonly due?: unknown
  readonly cancel?: unknown
  readonly drain?: unknown
  readonly rules?: unknown
  readonly freed?: unknown
  readonly schedules?: unknown
}): WakeUp {
  const { entrypoints, seq, due, cancel, drain, rules, freed, schedules } = message
  if (!Array.isArray(entrypoints) || !entrypoints.every((name) => typeof name === "string")) return {}
  return {
    entrypoints,
    seq: typeof seq === "string" && /^\d+$/.test(seq) ? seq : null,
    due: typeof due === "number" ? due : null,
    ...(cancel === true ? { cancel } : {}),
    ...(drain === true ? { drain } : {}),
    ...(rules === true ? { rules } : {}),
    ...(schedules === true ? { schedules } : {}),
    ...(freed === true || (Array.isArray(freed) && freed.every((name) => typeof name === "string")) ? { freed } : {}),
  }
}
