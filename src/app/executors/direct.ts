import type { Executor } from "../../ports/executor.js"

/** Calls the handler: what happens without an executor, too. */
export class DirectExecutor implements Executor {
  execute(run: () => unknown): unknown {
    return run()
  }
}
