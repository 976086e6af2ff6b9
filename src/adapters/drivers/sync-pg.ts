import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads"
import { type Duration, toMilliseconds } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { anyValue, checkOptions } from "../../domain/options.js"
import type { DriverFeatures, Parameter, Row, Session, Subscription } from "../../ports/driver.js"
import { connectionLost, driverBusy, driverClosed, unsupported } from "./driver-error.js"
import { type Answer, cell, fromFailure, gate, type Request, type ThreadStart } from "./sync-pg-message.js"

export interface SyncPgDriverOptions {
  /**
   * How long a call may block, at least `"100ms"`, default `"30s"`: making the connection, the statement and its commit
   * together. The server is told to end a statement a little before that.
   */
  readonly timeout?: Duration
}

/** What can run statements while the caller waits. */
export interface SyncQueryable {
  /** @throws PgQueuerError the same codes as `Queryable.query`; `PGQ_TIMEOUT` when nothing was written */
  query<R extends Row = Row>(sql: string, parameters?: readonly Parameter[]): readonly R[]
}

/**
 * A blocking driver for code that cannot await: each call stops this thread, timers and all, until PostgreSQL has
 * answered. One connection, made at the first call in a thread of its own and made anew when it is lost.
 *
 * For enqueueing only: it has neither LISTEN nor sessions, so no worker runs on it. Each `query` is a transaction.
 */
export class SyncPgDriver implements SyncQueryable {
  readonly label = "SyncPgDriver"
  readonly features: DriverFeatures = { listen: false, sessions: 1, inTransaction: false }
  readonly #connection: ThreadStart["connection"]
  readonly #timeoutMs: number
  #thread: PgThread | undefined
  #inTransaction = false
  #closed = false

  /** @param connection - a connection string, or an object as pg's `Client` takes it, without functions */
  constructor(connection: string | Readonly<Record<string, unknown>>, options: SyncPgDriverOptions = {}) {
    checkOptions(this.label, options, { timeout: anyValue })
    this.#connection = connection
    this.#timeoutMs = toMilliseconds(options.timeout ?? "30s", "timeout")
    if (this.#timeoutMs < leastTimeoutMs) throw timeoutTooShort()
  }

  query<R extends Row = Row>(sql: string, parameters: readonly Parameter[] = []): readonly R[] {
    this.#refuseInside()
    return this.#call({ kind: "query", sql, parameters }) as readonly R[]
  }

  /**
   * `begin`, the work, `commit`; or `rollback` when it throws, and the error comes through.
   *
   * @throws PgQueuerError `PGQ_OUTCOME_UNKNOWN` when COMMIT had no answer in time; `PGQ_UNSUPPORTED`, rolled back, when
   * the work is asynchronous
   */
  transaction<T>(work: (transaction: SyncQueryable) => T): T {
    this.#refuseInside()
    this.#call({ kind: "begin" })
    this.#inTransaction = true
    try {
      const result = work({ query: (sql, parameters = []) => this.#statement(sql, parameters) })
      if (isThenable(result)) throw unsupported(this.label, "asynchronous transaction", "Use PgDriver or PgPoolDriver.")
      if (!this.#inTransaction) throw connectionLost(new Error("a statement in the transaction had no answer in time"))
      this.#call({ kind: "commit" })
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** Ends the connection and the thread. A driver that is not closed does not keep the process alive. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#thread?.end()
    this.#thread = undefined
  }

  /** @throws PgQueuerError `PGQ_UNSUPPORTED`, always */
  async session(): Promise<Session> {
    throw unsupported(this.label, "session", "Run workers on PgPoolDriver or another asynchronous driver.")
  }

  /** @throws PgQueuerError `PGQ_UNSUPPORTED`, always */
  async listen(): Promise<Subscription> {
    throw unsupported(this.label, "LISTEN", "Run workers on PgPoolDriver or another asynchronous driver.")
  }

  #statement<R extends Row>(sql: string, parameters: readonly Parameter[]): readonly R[] {
    if (!this.#inTransaction) throw driverClosed("A transaction", "it was committed or rolled back")
    return this.#call({ kind: "statement", sql, parameters }) as readonly R[]
  }

  // A thread that was given up has taken its transaction with it.
  #rollBack(): void {
    if (this.#thread === undefined) return
    try {
      this.#call({ kind: "rollback" })
    } catch {
      // The error that led here is the one to tell.
    }
  }

  #call(request: Request): readonly Row[] {
    if (this.#closed) throw driverClosed(this.label, "it was closed")
    this.#thread ??= PgThread.start(this.#connection, this.#timeoutMs)
    const answer = this.#thread.ask(request, this.#timeoutMs)
    if (answer === undefined) throw this.#giveUp(request)
    if ("failure" in answer) throw fromFailure(answer.failure)
    return answer.rows
  }

  #giveUp(request: Request): PgQueuerError {
    const wasCommitting = this.#thread?.abandon() ?? false
    this.#thread = undefined
    this.#inTransaction = false
    return wasCommitting ? outcomeUnknown(this.#timeoutMs) : noAnswer(this.#timeoutMs, request)
  }

  #refuseInside(): void {
    if (this.#inTransaction) throw driverBusy(this.label)
  }
}

class PgThread {
  static start(connection: ThreadStart["connection"], timeoutMs: number): PgThread {
    const cells = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
    const { port1, port2 } = new MessageChannel()
    const workerData = { connection, timeoutMs, cells, port: port2 }
    try {
      // Flags of the process, such as --input-type or a test runner's loaders, would keep the thread from starting.
      const options = { workerData, transferList: [port2], execArgv: [] }
      return new PgThread(new Worker(new URL("./sync-pg-thread.js", import.meta.url), options), port1, cells)
    } catch (cause) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", "The connection of SyncPgDriver cannot go to another thread", {
        remedy: "Leave functions out of it: a password as text, no stream, no checkServerIdentity.",
        cause,
      })
    }
  }

  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #cells: Int32Array

  private constructor(worker: Worker, port: MessagePort, cells: Int32Array) {
    this.#worker = worker
    this.#port = port
    this.#cells = cells
    worker.unref()
    // Without a listener it would end the process; the call that waits ends by its time-out.
    worker.on("error", () => {})
  }

  /** The answer, or nothing when there was none in time. */
  ask(request: Request, timeoutMs: number): Answer | undefined {
    const answers = Atomics.load(this.#cells, cell.answers)
    Atomics.store(this.#cells, cell.gate, gate.open)
    this.#port.postMessage(request)
    if (Atomics.wait(this.#cells, cell.answers, answers, timeoutMs) === "timed-out") return undefined
    return receiveMessageOnPort(this.#port)?.message as Answer
  }

  /** Ends the thread without its agreement. @returns whether it had sent COMMIT before it could be kept from it */
  abandon(): boolean {
    const found = Atomics.compareExchange(this.#cells, cell.gate, gate.open, gate.abandoned)
    this.#terminate()
    return found === gate.committing
  }

  end(): void {
    if (this.ask({ kind: "end" }, farewellMs) === undefined) this.#terminate()
    this.#port.close()
  }

  #terminate(): void {
    this.#worker.terminate().catch(() => {})
  }
}

/** How long `close` waits for the connection to be ended in good order. */
const farewellMs = 1_000

/** Shorter than it takes to start a thread and to connect, no first call could succeed. */
const leastTimeoutMs = 100

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"
}

function timeoutTooShort(): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `timeout is below ${leastTimeoutMs} ms`, {
    remedy: "Give it at least 100ms: the first call starts a thread and connects.",
  })
}

function noAnswer(timeoutMs: number, { kind }: Request): PgQueuerError {
  return new PgQueuerError("PGQ_TIMEOUT", `PostgreSQL did not answer a ${kind} within ${timeoutMs} ms`, {
    remedy: "Nothing was committed: try again, or raise the timeout of SyncPgDriver.",
  })
}

function outcomeUnknown(timeoutMs: number): PgQueuerError {
  return new PgQueuerError("PGQ_OUTCOME_UNKNOWN", `COMMIT had no answer within ${timeoutMs} ms`, {
    remedy: "Look whether the work is there before doing it again: it may have been committed.",
  })
}
