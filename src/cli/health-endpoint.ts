import { type Health, healthOf } from "../app/health.js"
import { healthHandler } from "../app/health-handler.js"
import { type HttpEndpoint, openHttpEndpoint } from "./http-endpoint.js"

/** Something that says how it is. */
export interface HealthSource {
  health(): Health
}

/** The endpoint of `--health-port`: answers from before the worker is made until after it has stopped. */
export class HealthEndpoint {
  readonly url: string
  readonly #endpoint: HttpEndpoint
  readonly #current: Current

  private constructor(endpoint: HttpEndpoint, current: Current) {
    this.url = endpoint.url
    this.#endpoint = endpoint
    this.#current = current
  }

  /** @throws PgQueuerError `PGQ_PORT_UNAVAILABLE` */
  static async open(host: string, port: number): Promise<HealthEndpoint> {
    const since = new Date()
    const current: Current = { source: { health: () => healthOf({ state: "starting", since }, since, undefined) } }
    const handle = healthHandler({ health: () => current.source.health() })
    return new HealthEndpoint(await openHttpEndpoint({ host, port, option: "--health-port" }, handle), current)
  }

  /** From now on it answers for this worker. */
  watch(source: HealthSource): void {
    this.#current.source = source
  }

  close(): Promise<void> {
    return this.#endpoint.close()
  }
}

interface Current {
  source: HealthSource
}
