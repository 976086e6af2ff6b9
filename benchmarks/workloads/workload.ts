import type { Trial } from "../trial.ts"

/** Something to measure. */
export interface Workload {
  /** As in the table of the README: `W1`. */
  readonly id: string
  readonly title: string
  /** What it gives, the most telling one first. */
  readonly figures: readonly Figure[]
  /** The systems it is for; default: all. */
  readonly only?: readonly string[]
  /** Takes the measurement once, for one system. */
  measure(inTrial: InTrial): Promise<Measured>
}

/** Does the work with a fresh database of one system. */
export type InTrial = <T>(work: (trial: Trial) => Promise<T>) => Promise<T>

export interface Figure {
  readonly name: string
  /** `jobs/s`, `ms`, `bytes/job`, … */
  readonly unit: string
  readonly better: "higher" | "lower"
  /** Whether the report gives ratios of it, as it does of the first figure. */
  readonly compared?: boolean
}

/** By the names of the figures; undefined where the machine doesn't tell. */
export type Measured = Readonly<Record<string, number | undefined>>
