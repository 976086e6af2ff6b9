import type { BenchOptions } from "./options.ts"
import type { Result } from "./rounds.ts"
import type { Environment } from "./server.ts"
import type { Figure, Workload } from "./workloads/workload.ts"

export interface Report {
  readonly environment: Environment
  readonly rounds: readonly (readonly Result[])[]
}

/** Prints Markdown: the settings, then of each workload the figures and the ratios within the round. */
export function printReport(report: Report, { systems, workloads }: Pick<BenchOptions, "systems" | "workloads">): void {
  const { processors, memoryGb, node, postgres, settings, at } = report.environment
  console.log(`# Benchmark of ${at}\n`)
  console.log(`- ${processors}, ${memoryGb} GB, Node ${node}`)
  console.log(`- PostgreSQL ${postgres}: ${asText(settings)}`)
  for (const { name, package: version, settings } of systems) console.log(`- ${name}: ${version}; ${asText(settings)}`)
  for (const workload of workloads)
    printWorkload(
      workload,
      report.rounds,
      systems.map(({ name }) => name),
    )
}

function printWorkload(workload: Workload, rounds: Report["rounds"], systems: readonly string[]): void {
  console.log(`\n## ${workload.id}: ${workload.title}\n`)
  console.log("| system | figure | min | median | max |\n|---|---|--:|--:|--:|")
  for (const system of systems) {
    for (const figure of workload.figures) {
      printRow(system, `${figure.name}, ${figure.unit}`, valuesOf(rounds, workload, system, figure))
    }
  }
  const [first, ...others] = systems
  const compared = workload.figures.filter((figure, index) => index === 0 || figure.compared === true)
  for (const other of others) {
    for (const figure of compared) {
      const ratios = rounds.map((round) => ratioWithin(round, workload, figure, first!, other))
      printRow(`**${first} / ${other}**`, `${figure.name} (${figure.better} is better), ×`, ratios)
    }
  }
  for (const result of rounds.flat()) {
    if (result.workload === workload.id && "error" in result) console.log(`\n${result.system} failed: ${result.error}`)
  }
}

function printRow(system: string, figure: string, values: readonly (number | undefined)[]): void {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return
  const cells = [sorted[0], median(sorted), sorted.at(-1)].map(formatNumber)
  console.log(`| ${system} | ${figure} | ${cells.join(" | ")} |`)
}

function valuesOf(rounds: Report["rounds"], workload: Workload, system: string, figure: Figure) {
  return rounds.map((round) => valueWithin(round, workload, figure, system))
}

function ratioWithin(round: readonly Result[], workload: Workload, figure: Figure, a: string, b: string) {
  const [over, under] = [a, b].map((system) => valueWithin(round, workload, figure, system))
  return over === undefined || under === undefined ? undefined : over / under
}

function valueWithin(round: readonly Result[], workload: Workload, figure: Figure, system: string): number | undefined {
  const result = round.find((one) => one.workload === workload.id && one.system === system)
  return result !== undefined && "figures" in result ? result.figures[figure.name] : undefined
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Three digits that count, or all of a large number. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return "–"
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US")
  return String(Number(value.toPrecision(3)))
}

function asText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")
}
