import { AsyncLocalStorage } from "node:async_hooks"
import { driverBusy } from "./driver-error.js"

/**
 * Knows whether a call comes from inside a transaction that is open on the same connection: where there is only one,
 * such a call would wait for ever, for a transaction that waits for it.
 */
export class OwnTransactions {
  readonly #storage = new AsyncLocalStorage<{ open: boolean }>()

  async run<T>(work: () => Promise<T>): Promise<T> {
    const transaction = { open: true }
    try {
      return await this.#storage.run(transaction, work)
    } finally {
      transaction.open = false
    }
  }

  /** @throws PgQueuerError `PGQ_DRIVER_BUSY` inside an open transaction */
  refuseInside(label: string): void {
    if (this.#storage.getStore()?.open === true) throw driverBusy(label)
  }
}
