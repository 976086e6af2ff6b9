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
  readonly #times = new HistogramBuilder()
  #jobs = 0

  add(jobs: number, milliseconds: number): void {
    this.#jobs += jobs
    this.#times.add(milliseconds)
  }

  get batches(): Batches {
    const times = this.#times.histogram
    return { jobs: this.#jobs, times: { ...times, sumMs: Math.round(times.sumMs * 10) / 10 } }
  }
}
