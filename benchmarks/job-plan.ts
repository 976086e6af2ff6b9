import { randomBytes } from "node:crypto"

export interface JobPlan {
  readonly count: number
  /** The jobs are dealt out to them in turn. */
  readonly entrypoints: readonly string[]
  /** The payload as JSON; default 100. */
  readonly payloadBytes?: number
  /** So far in the future that none becomes due; default: at once. */
  readonly deferred?: boolean
}

export interface PlannedJob {
  readonly entrypoint: string
  readonly payload: { readonly number: number; readonly text: string; readonly sentAt?: number }
  readonly executeAfter: Date | undefined
}

/** The jobs of a plan, made as they are taken: a million of them need no memory. */
export function planJobs({ count, entrypoints, payloadBytes = 100, deferred = false }: JobPlan): {
  take(most: number): PlannedJob[]
} {
  const executeAfter = deferred ? new Date(Date.now() + 60 * 86_400_000) : undefined
  // Random, so that no database makes it small.
  const text = randomBytes(payloadBytes).toString("base64")
  let next = 0
  const make = (number: number): PlannedJob => {
    const frame = `{"number":${number},"text":""}`.length
    const payload = { number, text: text.slice(0, Math.max(0, payloadBytes - frame)) }
    return { entrypoint: entrypoints[number % entrypoints.length]!, payload, executeAfter }
  }
  return {
    take(most) {
      const size = Math.min(most, count - next)
      return Array.from({ length: size }, () => make(next++))
    },
  }
}

export function sentAtOf(payload: unknown): number {
  return (payload as { sentAt: number }).sentAt
}
