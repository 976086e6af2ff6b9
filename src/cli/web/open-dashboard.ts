import { consoleLogger } from "../../adapters/system/console-logger.js"
import type { DashboardOptions } from "../../dashboard/index.js"
import type { Driver } from "../../ports/driver.js"
import { type HttpEndpoint, openServer } from "../http-endpoint.js"

export const defaultWebPort = 8384

/** Enough for the pages that a few people open at once; beyond that they wait for a moment. */
export const dashboardConnections = 6

/**
 * The web dashboard on a port of its own, which keeps the process alive until it is closed.
 *
 * @throws PgQueuerError `PGQ_PORT_UNAVAILABLE`, `PGQ_OPTION_INVALID`
 */
export async function openDashboard(
  driver: Driver,
  { host, port }: { readonly host: string; readonly port: number },
  options: DashboardOptions,
): Promise<HttpEndpoint> {
  const { createDashboard, nodeHandler } = await import("../../dashboard/index.js")
  const dashboard = createDashboard(driver, { logger: consoleLogger, ...options })
  const endpoint = await openServer({ host, port, option: "--port", staying: true }, nodeHandler(dashboard))
  return {
    url: `${endpoint.url}${(options.basePath ?? "").replace(/\/$/, "")}/`,
    async close() {
      await dashboard.close()
      await endpoint.close()
    },
  }
}
