export { ThreadExecutor, type ThreadExecutorOptions } from "./thread-executor.js"
export type { ThreadContext } from "./thread-message.js"
