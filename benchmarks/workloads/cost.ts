import type { ServerCounters } from "../database.ts"
import type { Participant } from "../participant.ts"
import type { Usage } from "../participant-orders.ts"
import type { Trial } from "../trial.ts"
import type { Figure, Measured } from "./workload.ts"

/** What a workload takes from the machine, beside its speed. */
export const costFigures = [
  { name: "all CPU", unit: "s/1,000 jobs", better: "lower", compared: true },
  { name: "client CPU", unit: "s/1,000 jobs", better: "lower" },
  { name: "server CPU", unit: "s/1,000 jobs", better: "lower" },
  { name: "WAL", unit: "bytes/job", better: "lower" },
  { name: "dead rows", unit: "rows/job", better: "lower" },
  { name: "client RSS", unit: "MB", better: "lower" },
] as const satisfies readonly Figure[]

export interface CostStart {
  readonly server: ServerCounters
  readonly clients: readonly Usage[]
}

export async function startCost(trial: Trial, clients: readonly Participant[]): Promise<CostStart> {
  await trial.database.untilAlone()
  await trial.database.settle()
  return { server: await trial.database.counters(), clients: await usageOf(clients) }
}

/** @param jobs - so many share the cost */
export async function costSince(
  start: CostStart,
  trial: Trial,
  clients: readonly Participant[],
  jobs: number,
): Promise<Measured> {
  const usages = await usageOf(clients)
  await trial.database.untilAlone()
  const server = await trial.database.counters()
  const serverMs =
    server.processorMs === undefined || start.server.processorMs === undefined
      ? undefined
      : server.processorMs - start.server.processorMs
  const clientMs = usages.reduce((sum, usage, index) => sum + usage.processorMs - start.clients[index]!.processorMs, 0)
  return {
    "all CPU": serverMs === undefined ? undefined : (clientMs + serverMs) / jobs,
    "client CPU": clientMs / jobs,
    "server CPU": serverMs === undefined ? undefined : serverMs / jobs,
    WAL: (server.walBytes - start.server.walBytes) / jobs,
    "dead rows": (server.deadRows - start.server.deadRows) / jobs,
    "client RSS": Math.max(...usages.map((usage) => usage.residentMb)),
  }
}

function usageOf(clients: readonly Participant[]): Promise<Usage[]> {
  return Promise.all(clients.map((client) => client.do("usage")))
}
