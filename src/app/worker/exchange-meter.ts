import { HistogramBuilder } from "../../domain/histogram.js"
import type { Batches } from "../../ports/vitals.js"

/** Measures exchanges with the database: how many jobs were claimed and handed in, and how long that took. */
export class ExchangeMeter {
  readonly #claims = new BatchMeter()
  readonly #acknowledgements = new BatchMeter()
  #leaseLosses = 0

  record(exchange: {
    readonly claimed: number
    readonly handedIn: number
    readonly lost: number
    readonly ms: number
  }) {
    if (exchange.claimed > 0) this.#claims.add(exchange.claimed, exchange.ms)
    if (exchange.handedIn > 0) this.#acknowledgements.add(exchange.handedIn, exchange.ms)
    this.#leaseLosses += exchange.lost
  }

  get claims(): Batches {
    return this.#claims.batches
  }

  get acknowledgements(): Batches {
    return this.#acknowledgements.batches
  }

  get leaseLosses(): number {
    return this.#leaseLosses
  }
}

class BatchMeter {
  readonly #sizes = new HistogramBuilder()
  readonly #times = new HistogramBuilder()
  #jobs = 0

  add(jobs: number, milliseconds: number): void {
    this.#jobs += jobs
    this.#times.add(milliseconds)
    // Half a job less lies within the bucket below a bound.
    this.#sizes.add(jobs - 0.5)
  }

  get batches(): Batches {
    const times = this.#times.histogram
    const sizes = { ...this.#sizes.histogram, sum: this.#jobs }
    return { jobs: this.#jobs, sizes, times: { ...times, sum: Math.round(times.sum * 10) / 10 } }
  }
}
