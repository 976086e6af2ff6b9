import { loadavg } from "node:os"
import type { BenchOptions } from "./options.ts"
import { formatNumber } from "./report.ts"
import type { System } from "./systems/system.ts"
import { runTrial, type TrialParts } from "./trial.ts"
import type { Measured, Workload } from "./workloads/workload.ts"

export interface RoundsRequest
  extends Pick<BenchOptions, "workloads" | "systems" | "rounds">,
    Pick<TrialParts, "server" | "entry" | "signal"> {}

/** `load` is the system's load average over the minute before: what else the machine had to do. */
export type Result = { readonly workload: string; readonly system: string; readonly load: number } & (
  | { readonly figures: Measured }
  | { readonly error: string }
)

/** Every workload with every system once, then again: what moves the machine moves both sides of a ratio. */
export async function runRounds(request: RoundsRequest): Promise<readonly (readonly Result[])[]> {
  const rounds: Result[][] = []
  for (let round = 0; round < request.rounds; round++) {
    const results: Result[] = []
    rounds.push(results)
    for (const [workload, system] of pairs(request, round)) {
      if (request.signal.aborted) return rounds
      console.error(`round ${round + 1}/${request.rounds} ${workload.id} ${system.name} …`)
      const result = await measureOnce(workload, system, request)
      console.error(`  ${"error" in result ? result.error : summary(workload, result.figures)}`)
      results.push(result)
    }
  }
  return rounds
}

/** The system that comes first changes from round to round. */
function pairs({ workloads, systems }: RoundsRequest, round: number): (readonly [Workload, System])[] {
  const first = round % systems.length
  const order = [...systems.slice(first), ...systems.slice(0, first)]
  return workloads.flatMap((workload) => {
    return order
      .filter(({ name }) => workload.only?.includes(name) ?? true)
      .map((system) => [workload, system] as const)
  })
}

async function measureOnce(workload: Workload, system: System, parts: Omit<TrialParts, "system">): Promise<Result> {
  const about = { workload: workload.id, system: system.name, load: loadavg()[0]! }
  try {
    return { ...about, figures: await workload.measure((work) => runTrial({ ...parts, system }, work)) }
  } catch (error) {
    return { ...about, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function summary({ figures }: Workload, measured: Measured): string {
  return figures.map(({ name, unit }) => `${name} ${formatNumber(measured[name])} ${unit}`).join(", ")
}
