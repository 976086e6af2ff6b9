import type { Histogram } from "../domain/histogram.js"

/** How a worker is, as it says with each heartbeat. Counts are since its start. */
export interface Vitals {
  /** Jobs that its handlers work on, and jobs that wait in it for their start. */
  readonly running: number
  readonly waiting: number
  /** How late its timers come, in milliseconds: at the last measurement, and at worst within the last minute. */
  readonly eventLoopLagMs: number
  readonly worstEventLoopLagMs: number
  /** Whether notifications reach it: `opening`, `listening`, `lost`, `deaf`, `unsupported`. */
  readonly listen: string
  /** Memory of the process that is in use (resident set), in bytes. */
  readonly memoryBytes: number
  /** Processor time of the process since its start, in milliseconds. */
  readonly cpuMs: number
  /** Claims that took jobs, and exchanges that handed ends in. */
  readonly claims: Batches
  readonly acknowledgements: Batches
  /** Ends that were not recorded, because the jobs were others' by then. */
  readonly leaseLosses: number
}

export interface Batches {
  /** How many jobs there were in all of them. */
  readonly jobs: number
  /** How many jobs there were in each, as a histogram of numbers: a bound belongs to the bucket below it. */
  readonly sizes: Histogram
  /** From sending to the reply. */
  readonly times: Histogram
}

/** What a process uses. */
export interface ProcessUsage {
  readonly memoryBytes: number
  readonly cpuMs: number
}
