import { parseArgs } from "node:util"
import type { System } from "./systems/system.ts"
import { systems } from "./systems.ts"
import type { Workload } from "./workloads/workload.ts"
import { workloads } from "./workloads.ts"

export interface BenchOptions {
  readonly workloads: readonly Workload[]
  readonly systems: readonly System[]
  readonly rounds: number
  /** Where to write the report as JSON. */
  readonly json: string | undefined
  /** A server on this machine, instead of one that is started. */
  readonly dsn: string | undefined
  /** The folder `bin` of the PostgreSQL to start. */
  readonly postgres: string | undefined
  /** The built package to measure. */
  readonly package: string
}

export const usage = `npm run bench -- [options]

  --workloads W1,W3    default: all of ${[...workloads.keys()].join(",")}
  --systems a,b        default: all of ${[...systems.keys()].join(",")}
  --rounds n           1 to 20, default 3
  --json file          writes the report there, too
  --dsn url            a PostgreSQL on this machine, as superuser; default: one is started and tuned
  --postgres folder    the folder bin of the PostgreSQL to start
  --package folder     the built package to measure, default ../dist`

/** The options, or what is wrong with them; an empty text when only the usage is wanted. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({ args: [...args], options: known })
    if (values.help === true) return ""
    return {
      workloads: choose("workload", workloads, values.workloads),
      systems: choose("system", systems, values.systems),
      rounds: countRounds(values.rounds),
      json: values.json,
      dsn: values.dsn,
      postgres: values.postgres,
      package: values.package ?? new URL("../dist", import.meta.url).pathname,
    }
  } catch (error) {
    return (error as Error).message
  }
}

const known = {
  workloads: { type: "string" },
  systems: { type: "string" },
  rounds: { type: "string" },
  json: { type: "string" },
  dsn: { type: "string" },
  postgres: { type: "string" },
  package: { type: "string" },
  help: { type: "boolean" },
} as const

function choose<T>(noun: string, all: ReadonlyMap<string, T>, names: string | undefined): T[] {
  if (names === undefined) return [...all.values()]
  return names.split(",").map((name) => {
    const chosen = all.get(name.trim())
    if (chosen === undefined) throw new Error(`unknown ${noun} ${name}; there are ${[...all.keys()].join(", ")}`)
    return chosen
  })
}

function countRounds(given: string | undefined): number {
  const rounds = Number(given ?? 3)
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 20) return rounds
  throw new Error(`--rounds is ${given}; it goes from 1 to 20`)
}
