import type { RollupUpkeepStore } from "../../ports/rollup-store.js"
import { readWholeDepth } from "../rollups/depth.js"
import { takeSamples } from "../rollups/take-samples.js"
import { Duty, type DutyEnvironment } from "./duty.js"

/** Readers add what is not merged yet: the pause only bounds how much that is. */
const mergePauseMs = 5_000
const idlePauseMs = 15_000
const mergeAtMost = 10_000

const samplePauseMs = 60_000

const hourMs = 3_600_000

/** A minute more than a day, so that a chart of a day is whole; likewise a month and a year. */
export const rollupAges = { minuteMs: 25 * hourMs, hourMs: 32 * 24 * hourMs, dayMs: 367 * 24 * hourMs }
const pruneAtMost = 5_000

export interface RollupUpkeepParts {
  readonly duties: DutyEnvironment
  readonly store: RollupUpkeepStore
}

/** Sums up what ended, and measures what waits once a minute. One of the workers at a time does each for all, on the driver's connections. */
export class RollupUpkeep {
  readonly #parts: RollupUpkeepParts
  readonly #merge: Duty
  readonly #sample: Duty
  /** The last merge found as many entries as it takes: there are more, and this worker goes on with them. */
  #isBehind = false

  constructor(parts: RollupUpkeepParts) {
    this.#parts = parts
    this.#merge = new Duty("rollups", parts.duties, () => this.#mergeAll())
    this.#sample = new Duty("samples", parts.duties, () => this.#takeSamples())
  }

  start(): void {
    this.#merge.start()
    this.#sample.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#merge.stop(), this.#sample.stop()])
  }

  async #mergeAll(): Promise<number> {
    const keep = this.#isBehind
    this.#isBehind = false
    const { taken, entries } = await this.#parts.store.mergeRollups(mergePauseMs, mergeAtMost, keep)
    this.#isBehind = entries === mergeAtMost
    if (this.#isBehind) return 0
    return this.#jittered(taken && entries > 0 ? mergePauseMs : idlePauseMs)
  }

  async #takeSamples(): Promise<number> {
    const { store } = this.#parts
    if (await store.takeTurn("samples", samplePauseMs, false)) {
      const [depth, tables] = [await readWholeDepth(store), await store.readTableSizes()]
      await store.writeSamples(takeSamples(depth, tables))
      await store.pruneRollups(rollupAges, pruneAtMost)
    }
    return this.#jittered(samplePauseMs)
  }

  /** Workers that were started together don't come together. */
  #jittered(milliseconds: number): number {
    return milliseconds * (1 + this.#parts.duties.random() * 0.1)
  }
}
