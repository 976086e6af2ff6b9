import { PgQueuerError } from "../../domain/errors.js"
import type { Job } from "../../domain/job.js"
import type { WorkerRetention as RetentionAges } from "../../domain/retention.js"
import type { Clock, Random, Timer } from "../../ports/clock.js"
import type { Driver, Queryable } from "../../ports/driver.js"
import type { HeartbeatThread, OpenHeartbeatThread } from "../../ports/heartbeat-thread.js"
import type { WakeUp } from "../../ports/job-store.js"
import { type Logger, logEvent, loggerWith } from "../../ports/logger.js"
import type { RetentionStore } from "../../ports/retention-store.js"
import type { RollupUpkeepStore } from "../../ports/rollup-store.js"
import type { Tracing } from "../../ports/tracing.js"
import type { ProcessUsage, Vitals } from "../../ports/vitals.js"
import type { Beat, ClaimedJob, CompletionVerdict, Report, WorkerStore } from "../../ports/worker-store.js"
import { ChannelListener } from "../channel-listener.js"
import type { WorkerHealth } from "../health.js"
import { joinTransaction } from "../join-transaction.js"
import { RunRescue } from "../schedules/run-rescue.js"
import type { ScheduleEntry, ScheduleSurroundings } from "../schedules/schedule-handler.js"
import { Scheduler } from "../schedules/scheduler.js"
import { traceRuns } from "../tracing/trace-runs.js"
import { notifyWindowMs } from "../wake-throttle.js"
import { ClaimRegister } from "./claim-register.js"
import { Completion } from "./completion.js"
import { Completions } from "./completions.js"
import { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import { EventLoopLag } from "./event-loop-lag.js"
import type { EventHub } from "./events.js"
import { ExchangeMeter } from "./exchange-meter.js"
import { Exchanger } from "./exchanger.js"
import { Expiry } from "./expiry.js"
import { Gates } from "./gates.js"
import { Heartbeat } from "./heartbeat.js"
import { JobStopped, type RunContext } from "./job-context.js"
import { JobLog } from "./job-log.js"
import { JobPool, type JobPoolParts } from "./job-pool.js"
import { Notes } from "./notes.js"
import { Prefetch } from "./prefetch.js"
import { Promotion } from "./promotion.js"
import { readWakeUp } from "./read-wake-up.js"
import { Rescue } from "./rescue.js"
import { Retention } from "./retention.js"
import { RollupUpkeep } from "./rollup-upkeep.js"
import { Suspects } from "./suspects.js"
import type { ResolvedWorkerOptions } from "./worker-options.js"

export interface WorkerParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly logPayloads: boolean
  readonly events: EventHub
  readonly driver: Driver
  readonly channel: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly options: ResolvedWorkerOptions
  readonly maxResultBytes: number
  readonly entrypoints: JobPoolParts["entrypoints"]
  /** What its code registers, by name. */
  readonly schedules: ReadonlyMap<string, ScheduleEntry>
  readonly scheduleSurroundings: ScheduleSurroundings
  readonly retention: RetentionAges
  readonly retentionStore: RetentionStore
  readonly rollupStore: RollupUpkeepStore
  makeContext(job: Job, notes: Notes, log: Logger): RunContext<unknown, unknown>
  makeStore(on: Queryable): WorkerStore
  usage(): ProcessUsage
  readonly openHeartbeatThread: OpenHeartbeatThread
  readonly tracing?: Tracing | undefined
  /** Nothing is left to claim, and nothing is held. */
  onIdle(): void
  /** Somebody asked it to end, by the database. */
  onDrain(): void
}

/** LISTEN, heartbeat and one exchange, and one connection for the handlers. */
const fewestSessions = 4

/** A pool of so many leaves enough for the handlers when schedules have a connection of their own. */
const enoughForSchedules = 7

/** So many jobs are named in a line of the log. */
const mostNamed = 100

/** After the signals were aborted, handlers get this long to end by themselves. */
const graceMs = 250

/** The reason of the deadline's signal when somebody asked for a stop a second time. */
export const hurry = "hurry"

/** Jobs that were taken ahead and see no other one start for so long go back into line: others may be idle. */
const stallMs = 200

/** One run of a worker, from its first heartbeat to its last: wires the duties together. */
export class Worker {
  readonly #parts: WorkerParts
  /** The worker's id is on every line. */
  readonly #log: Logger
  readonly #register = new ClaimRegister()
  readonly #meter = new ExchangeMeter()
  readonly #prefetch = new Prefetch()
  readonly #notes: Notes
  readonly #pool: JobPool
  readonly #gates: Gates
  readonly #control: Connection
  readonly #exchangeConnections: readonly Connection[]
  /** What the queue waits for must not hold up a tick. */
  readonly #scheduleConnection: Connection
  readonly #exchanger: Exchanger
  readonly #heartbeat: Heartbeat
  readonly #listener: ChannelListener
  readonly #lag: EventLoopLag
  readonly #promotion: Promotion
  readonly #expiry: Expiry
  readonly #rescue: Rescue
  readonly #suspects: Suspects
  readonly #completions: Completions
  readonly #retention: Retention
  readonly #runRescue: RunRescue
  readonly #rollups: RollupUpkeep
  readonly #scheduler: Scheduler
  readonly #poll: Duty
  readonly #registration: Duty
  readonly #unload: Duty
  #heartbeatThread: HeartbeatThread | undefined
  #id = ""
  #registered = true
  #draining = false
  #secondLook = false

  constructor(parts: WorkerParts) {
    this.#parts = parts
    const { clock, random, driver, events, options } = parts
    const duties: DutyEnvironment = { clock, random, onFailure: (duty, error, ms) => this.#complain(duty, error, ms) }
    const entrypoints = [...parts.entrypoints.keys()]
    const workerId = () => this.#id
    const log = loggerWith(parts.log, () => (this.#id === "" ? {} : { worker: this.#id }))
    this.#log = log
    const connect = () => new Connection(driver, parts.makeStore)
    this.#lag = new EventLoopLag(clock)
    this.#control = connect()
    this.#exchangeConnections = driver.features.sessions > fewestSessions ? [connect(), connect()] : [connect()]
    const hasOwn = parts.schedules.size > 0 && driver.features.sessions >= enoughForSchedules
    this.#scheduleConnection = hasOwn ? connect() : this.#control
    this.#notes = new Notes({ clock, duties, connection: this.#control })
    this.#gates = new Gates({
      clock,
      duties,
      entrypoints,
      workerId,
      use: (work) => this.#control.use((store) => work(store.limits)),
      findClaims: () => this.#control.use((store) => store.findClaims(this.#id)),
      capacity: () => this.#exchanger.capacity,
      whileQuiet: (work) => this.#exchanger.whileQuiet(work),
      onRoom: () => this.#exchanger.lookForLimited(),
      onRoomApart: () => this.#suspects.expect(true),
      onDue: () => this.#pool.poke(),
      onUnlimited: (jobs) => this.#pool.accept(jobs),
      onRules: (paused) => this.#obey(paused),
    })
    this.#completions = new Completions(this.#control, duties)
    this.#pool = new JobPool({
      clock,
      random,
      events,
      jobLog: new JobLog(log, { payloads: parts.logPayloads }),
      maxConcurrentTasks: options.maxConcurrentTasks,
      maxResultBytes: parts.maxResultBytes,
      paced: this.#gates,
      entrypoints: parts.entrypoints,
      makeContext: (job) => parts.makeContext(job, this.#notes, log),
      startTrace: parts.tracing === undefined ? undefined : traceRuns(parts.tracing, log),
      makeCompletion: (claim, startedAt, context) => this.#makeCompletion(claim, startedAt, context),
      settle: (claim, completion) => this.#settle(claim, completion),
      onReport: (report, claim) => this.#report(report, claim),
      onSettled: (report, claim) => this.#onSettled(report, claim),
      onRefused: (claim) => this.#putBack(claim),
    })
    this.#exchanger = new Exchanger({
      clock,
      random,
      duties,
      connections: this.#exchangeConnections,
      entrypoints,
      pool: this.#pool,
      gates: this.#gates,
      prefetch: this.#prefetch,
      register: this.#register,
      meter: this.#meter,
      maxConcurrentTasks: options.maxConcurrentTasks,
      batchSize: options.batchSize,
      timeoutMs: options.heartbeatTimeoutMs,
      workerId,
      onDead: (id) => this.#die(id),
      onRefused: (ids) => this.#warnOfRefusal(ids),
      onUncertain: () => this.#heartbeat.watchClosely(),
      onClaimed: () => {
        this.#heartbeat.quicken()
        if (this.#pool.waiting > 0) this.#unload.poke()
      },
      onIdle: () => {
        if (this.#suspects.settled) parts.onIdle()
      },
    })
    this.#heartbeat = new Heartbeat({
      clock,
      duties,
      connection: this.#control,
      register: this.#register,
      exchanger: this.#exchanger,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs,
      workerId,
      held: () => this.#pool.held + this.#gates.waiting,
      vitals: () => this.#vitals,
      onDead: (id) => this.#die(id),
      apartAgeMs: () => this.#heartbeatThread?.ageMs() ?? Number.POSITIVE_INFINITY,
      onSilence: () => this.#onSilence(),
      onBeat: (beat) => this.#hear(beat),
      onUnknownClaims: (tokens) => this.#releaseUnknown(tokens),
    })
    this.#listener = new ChannelListener({
      clock,
      duties,
      driver,
      channel: parts.channel,
      log,
      otherwise: "this worker finds jobs by polling",
      notify: (echo) => this.#control.use((store) => store.notify({ entrypoints: [], ...echo })),
      onMessage: (message = {}) => this.#wake(readWakeUp(message)),
      onGap: (why) => {
        if (why === "opened") this.lookEverywhere()
        // The database may be away.
        if (why === "lost") this.#heartbeat.poke()
      },
    })
    this.#promotion = new Promotion({
      clock,
      duties,
      connection: this.#control,
      onPromoted: (wakeUp) => this.#exchanger.look(wakeUp),
    })
    this.#expiry = new Expiry({ clock, duties, connection: this.#control, log })
    this.#rescue = new Rescue({
      duties,
      connection: this.#control,
      register: this.#register,
      events,
      log,
      maxRescues: options.maxRescues,
      workerId,
      onRescued: () => this.#suspects.expect(true),
      onLost: () => this.#runRescue.poke(),
    })
    this.#runRescue = new RunRescue({
      duties,
      connection: this.#scheduleConnection,
      log,
      maxRescues: options.maxRescues,
      onRescued: () => this.#scheduler.refresh(),
    })
    this.#suspects = new Suspects({
      duties,
      connection: this.#control,
      entrypoints,
      register: this.#register,
      gates: this.#gates,
      workerId,
      hasRoom: () => this.#pool.open && this.#pool.running < options.maxConcurrentTasks,
      onJob: (claim) => this.#accept(claim),
      onSettled: () => this.#exchanger.announceIdle(),
    })
    this.#retention = new Retention({ clock, duties, store: parts.retentionStore, ages: parts.retention })
    this.#rollups = new RollupUpkeep({ duties, store: parts.rollupStore })
    this.#scheduler = new Scheduler({
      clock,
      duties,
      connection: this.#scheduleConnection,
      log: parts.log,
      entries: parts.schedules,
      surroundings: parts.scheduleSurroundings,
      workerId,
      onDead: (id) => this.#die(id),
    })
    this.#poll = new Duty("poll", duties, async () => {
      this.#gates.freed(true)
      this.#exchanger.sweep()
      this.#promotion.poke()
      this.#suspects.expect()
      this.#runRescue.poke()
      this.#scheduler.refresh()
      return options.pollIntervalMs * (0.9 + random() * 0.2)
    })
    this.#unload = new Duty("put back", duties, () => this.#putBackStalled())
    this.#registration = new Duty("register", duties, () => this.#registerAgain())
  }

  /** @throws PgQueuerError `PGQ_POOL_TOO_SMALL`, or why the database cannot be reached */
  async start(): Promise<void> {
    const { sessions } = this.#parts.driver.features
    if (sessions > 1 && sessions < fewestSessions) throw poolTooSmall(sessions)
    try {
      await this.#registerRetention()
      await this.#writeLimitsDown()
      await this.#scheduler.register()
      await this.#gates.open()
      await this.#openHeartbeatThread()
      this.#id = await this.#makeKnown()
    } catch (error) {
      await this.#heartbeatThread?.stop()
      await Promise.all([this.#control.close(), this.#scheduleConnection.close()])
      throw error
    }
    const { host, pid, version, entrypoints } = this.#parts
    const about = { host, pid, version, entrypoints: [...entrypoints.keys()] }
    logEvent(this.#log, "worker.started", "worker started", about)
    this.#lag.start()
    this.#heartbeat.start()
    this.#notes.start()
    this.#gates.start()
    this.#exchanger.start()
    this.#listener.start()
    this.#promotion.start()
    this.#expiry.start()
    this.#rescue.start()
    this.#runRescue.start()
    this.#suspects.start()
    this.#completions.start()
    this.#retention.start()
    this.#rollups.start()
    this.#scheduler.start()
    this.#poll.start()
    this.#registration.start()
    this.#unload.start()
  }

  /**
   * Claims nothing more, puts back what waits, lets handlers run on until `deadline` (the shutdown timeout, or a second call for
   * help) aborts, puts back what still runs, and says goodbye.
   */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#exchanger.stopClaiming()
    this.#scheduler.close()
    await this.#suspects.stop()
    for (const claim of [...this.#pool.close(), ...this.#gates.close()]) this.#putBack(claim)
    await this.#letHandlersEnd(deadline)
    this.#pool.detachAll()
    await this.#handIn(deadline)
    await this.#atMost(patienceMs(deadline), this.#stopScheduler())
    await this.#atMost(patienceMs(deadline), this.#stopDuties())
    await this.#atMost(patienceMs(deadline), this.#sayGoodbye())
    this.#lag.stop()
    logEvent(this.#log, "worker.stopped", "worker stopped")
  }

  get health(): WorkerHealth {
    const { heartbeatTimeoutMs } = this.#parts.options
    return {
      worker: this.#id === "" ? null : this.#id,
      heartbeat: {
        ageMs: Math.round(this.#heartbeat.ageMs),
        failing: this.#heartbeat.isFailing,
        timeoutMs: heartbeatTimeoutMs,
      },
      listen: this.#listener.state,
      holds: { running: this.#pool.running, waiting: this.#pool.waiting + this.#gates.waiting },
      eventLoop: { lagMs: Math.round(this.#lag.lastMs), worstLagMs: Math.round(this.#lag.worstMs) },
    }
  }

  get #vitals(): Vitals {
    return {
      running: this.#pool.running,
      waiting: this.#pool.waiting + this.#gates.waiting,
      eventLoopLagMs: Math.round(this.#lag.lastMs),
      worstEventLoopLagMs: Math.round(this.#lag.worstMs),
      listen: this.#listener.state,
      ...this.#parts.usage(),
      claims: this.#meter.claims,
      acknowledgements: this.#meter.acknowledgements,
      leaseLosses: this.#meter.leaseLosses,
    }
  }

  /** How many jobs were started so far. */
  get started(): number {
    return this.#pool.started
  }

  contextOf(id: string): RunContext<unknown, unknown> | undefined {
    return this.#pool.contextOf(id)
  }

  /** Looks for work without trusting any hint. */
  lookEverywhere(): void {
    this.#exchanger.look()
    this.#promotion.poke()
    this.#suspects.expect()
    this.#runRescue.poke()
    this.#scheduler.refresh()
  }

  #wake(wakeUp: WakeUp): void {
    // The heartbeat reads which jobs shall stop: a notification has no room for thousands of ids.
    if (wakeUp.cancel === true) {
      if (this.#pool.held > 0) this.#heartbeat.poke()
      return
    }
    if (wakeUp.drain === true) {
      this.#heartbeat.poke()
      return
    }
    if (wakeUp.rules === true) this.#gates.see(undefined)
    if (wakeUp.schedules === true) this.#scheduler.refresh()
    if (wakeUp.freed !== undefined) this.#gates.freed(wakeUp.freed)
    if (wakeUp.entrypoints?.length === 0) return
    this.#exchanger.look(wakeUp)
    if (wakeUp.entrypoints === undefined) {
      this.#promotion.poke()
      this.#suspects.expect()
    }
    if (wakeUp.due != null) this.#promotion.expect(wakeUp.due)
    this.#lookOnceMore(wakeUp)
  }

  /** Clients notify once in a few milliseconds; a job that was committed in that window has no notification of its own yet. */
  #lookOnceMore({ entrypoints, seq }: WakeUp): void {
    if (entrypoints === undefined || seq == null || this.#secondLook) return
    this.#secondLook = true
    this.#parts.clock.after(notifyWindowMs * 2 + 2, () => {
      this.#secondLook = false
      this.#exchanger.look({ entrypoints, seq: null })
    })
  }

  /** Limits or pauses have changed: what was fetched for entrypoints that are paused now goes back. */
  #obey(paused: readonly string[]): void {
    for (const entrypoint of paused) {
      for (const claim of [...this.#pool.giveUp(entrypoint), ...this.#gates.giveUpWaiting(entrypoint)])
        this.#putBack(claim)
    }
    this.#exchanger.look()
    this.#suspects.expect()
  }

  #accept(claim: ClaimedJob): void {
    this.#pool.accept(this.#gates.hold([claim]))
    this.#heartbeat.quicken()
  }

  #report(report: Report, claim: ClaimedJob): void {
    this.#prefetch.record(claim.entrypoint, report.runMs ?? 0, report.endedAt)
    this.#exchanger.report(report, this.#notes.written(claim.id))
    this.#suspects.ended(claim.token)
  }

  #makeCompletion(claim: ClaimedJob, startedAt: number, context: RunContext<unknown, unknown>): Completion {
    const { clock, driver, maxResultBytes, makeStore } = this.#parts
    return new Completion({
      clock,
      claim,
      startedAt,
      maxResultBytes,
      workerId: this.#id,
      storeIn: (transaction) => makeStore(joinTransaction(driver, transaction)),
      cancel() {
        context.stop("canceled")
        return new JobStopped("canceled")
      },
    })
  }

  async #settle({ token, id, settings }: ClaimedJob, completion: Completion): Promise<CompletionVerdict> {
    const workerId = this.#id
    const transaction = await completion.decidedBy()
    if (transaction === undefined) return "undone"
    return this.#completions.settle({ workerId, token, id, transaction, keyed: settings?.keyed === true })
  }

  /** Its slot is free, and nothing is left to hand in. */
  #onSettled(report: Report, claim: ClaimedJob): void {
    this.#prefetch.record(claim.entrypoint, report.runMs ?? 0, report.endedAt)
    this.#suspects.ended(claim.token)
    this.#exchanger.recorded(report)
  }

  /** What was quick so far can turn slow: nobody should wait behind it while another worker is idle. */
  async #putBackStalled(): Promise<number> {
    if (this.#pool.waiting === 0) return Number.POSITIVE_INFINITY
    const idleMs = this.#parts.clock.monotonic() - this.#pool.lastStartAt
    if (idleMs < stallMs) return stallMs - idleMs
    for (const claim of this.#pool.giveUpWaiting()) this.#putBack(claim)
    return Number.POSITIVE_INFINITY
  }

  #putBack({ token, id, entrypoint }: Pick<ClaimedJob, "token" | "id" | "entrypoint">): void {
    this.#exchanger.report({
      token,
      id,
      entrypoint,
      status: "queued",
      endedAt: this.#parts.clock.monotonic(),
      runMs: null,
    })
  }

  #hear(beat: Beat): void {
    if (beat.draining) this.#drain()
    this.#pool.cancel(beat.stopIds)
    this.#rescue.hear(beat)
    this.#gates.see(beat.rules)
    if (beat.suspects) this.#suspects.expect(true)
    if (beat.dueInMs !== null) this.#promotion.expectIn(beat.dueInMs)
    if (beat.expiresInMs !== null) this.#expiry.expectIn(beat.expiresInMs)
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    logEvent(this.#log, "worker.draining", "asked to drain: this worker takes no more jobs, and ends")
    this.#parts.onDrain()
  }

  async #releaseUnknown(tokens: readonly string[]): Promise<void> {
    const claims = await this.#control.use((store) => store.findClaims(this.#id))
    for (const { token, entrypoint, jobIds } of claims) {
      if (!tokens.includes(token) || this.#register.has(token)) continue
      logEvent(this.#log, "claim.reply-lost", "a claim whose reply was lost goes back into line", {
        duty: "heartbeat",
        jobs: jobIds.length,
      })
      for (const id of jobIds) {
        this.#register.add(token)
        this.#putBack({ token, id, entrypoint })
      }
    }
  }

  /** Others may take the jobs soon: the handlers should stop before that. What they return is recorded if it still can be. */
  #onSilence(): void {
    if (this.#pool.held === 0 && this.#scheduler.runs.running === 0) return
    const message = "no heartbeat reached the database for too long: aborting the handlers"
    logEvent(this.#log, "worker.silent", message, { duty: "heartbeat", jobs: this.#pool.held })
    for (const claim of [...this.#pool.giveUpWaiting(), ...this.#gates.giveUpWaiting()]) this.#putBack(claim)
    this.#pool.stopAll("lease-lost")
    this.#scheduler.runs.stopAll("lease-lost")
  }

  /** The database says that this worker is dead: its jobs belong to others, and it starts again under a new id. */
  #die(workerId: string): void {
    if (workerId !== this.#id) return
    const message = "this worker was declared dead; what it held runs elsewhere"
    logEvent(this.#log, "worker.declared-dead", message, { jobs: this.#pool.held })
    this.#id = ""
    this.#registered = false
    this.#warnOfRefusal(this.#exchanger.forgetReports())
    this.#register.clear()
    this.#suspects.lose()
    this.#scheduler.lose()
    this.#pool.loseAll(this.#gates.reset())
    this.#registration.poke()
  }

  async #registerAgain(): Promise<number> {
    if (this.#registered) return Number.POSITIVE_INFINITY
    this.#id = await this.#makeKnown()
    this.#registered = true
    logEvent(this.#log, "worker.rejoined", "worker started again")
    this.#heartbeat.poke()
    this.lookEverywhere()
    return Number.POSITIVE_INFINITY
  }

  #registerRetention(): Promise<void> {
    const ages = [...this.#parts.entrypoints].map(([name, { options }]) => [name, options.retention] as const)
    return this.#parts.retentionStore.registerRetention(new Map(ages))
  }

  async #writeLimitsDown(): Promise<void> {
    const limits = [...this.#parts.entrypoints].map(([entrypoint, { options }]) => {
      const { concurrencyLimit, requestsPerSecond } = options
      return { entrypoint, concurrencyLimit, requestsPerSecond }
    })
    const changed = await this.#control.use((store) => store.limits.registerEntrypoints(limits))
    for (const { wasKnown, ...before } of changed) {
      if (!wasKnown) continue
      const now = limits.find(({ entrypoint }) => entrypoint === before.entrypoint)
      logEvent(
        this.#log,
        "limits.changed",
        "the code of this worker sets another limit than the last one that started; the newest counts",
        {
          duty: "limits",
          before,
          now,
        },
      )
    }
  }

  async #makeKnown(): Promise<string> {
    const { host, pid, version, entrypoints, schedules, options } = this.#parts
    const { heartbeatTimeoutMs } = options
    const id = await this.#control.use((store) =>
      store.startWorker({
        host,
        pid,
        version,
        entrypoints: [...entrypoints.keys()],
        schedules: [...schedules.keys()],
        heartbeatTimeoutMs,
      }),
    )
    this.#heartbeatThread?.beatFor(id)
    return id
  }

  async #openHeartbeatThread(): Promise<void> {
    const { options, openHeartbeatThread } = this.#parts
    if (!options.heartbeatThread) return
    this.#heartbeatThread = await openHeartbeatThread(options.heartbeatTimeoutMs / 4, (error) =>
      this.#complain("heartbeat thread", error, undefined),
    )
  }

  #warnOfRefusal(jobs: readonly string[]): void {
    if (jobs.length === 0) return
    const message = "how jobs ended was not recorded: this worker no longer holds them, and they are run elsewhere"
    logEvent(this.#log, "outcomes.refused", message, {
      duty: "exchange",
      jobs: jobs.slice(0, mostNamed),
      count: jobs.length,
    })
  }

  async #letHandlersEnd(deadline: AbortSignal): Promise<void> {
    const idle = Promise.all([this.#pool.idle(), this.#scheduler.runs.idle()]).then(() => {})
    await Promise.race([idle, aborted(deadline)])
    if (this.#pool.running + this.#scheduler.runs.running === 0) return
    this.#pool.stopAll("shutdown")
    this.#scheduler.runs.stopAll("shutdown")
    await this.#atMost(graceMs, idle)
  }

  async #handIn(deadline: AbortSignal): Promise<void> {
    const since = this.#parts.clock.monotonic()
    while (!this.#exchanger.settled && this.#parts.clock.monotonic() - since < patienceMs(deadline)) {
      this.#exchanger.poke()
      await this.#pause(5)
    }
    if (!this.#exchanger.settled) {
      const message = "the database did not take the last outcomes; other workers will run those jobs again"
      logEvent(this.#log, "outcomes.not-recorded", message, { duty: "exchange" })
    }
  }

  async #stopScheduler(): Promise<void> {
    try {
      await this.#scheduler.stop()
    } catch (error) {
      this.#complain("schedules", error, undefined)
    }
  }

  async #sayGoodbye(): Promise<void> {
    try {
      if (this.#id !== "") {
        await this.#control.use((store) => store.stopWorker(this.#id))
        if (this.#gates.leases.length > 0) await this.#control.use((store) => store.limits.freeLeases())
      }
    } catch (error) {
      this.#complain("stop", error, undefined)
    }
    const connections = new Set([this.#control, this.#scheduleConnection, ...this.#exchangeConnections])
    await Promise.all([...connections].map((connection) => connection.close()))
  }

  async #stopDuties(): Promise<void> {
    const duties = [
      this.#notes,
      this.#heartbeat,
      this.#listener,
      this.#promotion,
      this.#expiry,
      this.#rescue,
      this.#runRescue,
      this.#retention,
      this.#rollups,
      this.#poll,
      this.#unload,
      this.#gates,
      this.#exchanger,
      this.#registration,
      this.#completions,
    ]
    await Promise.all([...duties.map((duty) => duty.stop()), this.#heartbeatThread?.stop()])
  }

  /** Waits for the work, but no longer than that. */
  async #atMost(milliseconds: number, work: Promise<void>): Promise<void> {
    let timer: Timer | undefined
    const timeUp = new Promise<void>((resolve) => {
      timer = this.#parts.clock.after(milliseconds, resolve)
    })
    await Promise.race([work, timeUp])
    timer?.cancel()
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(milliseconds, resolve)
    })
  }

  #complain(duty: string, error: unknown, retryInMs: number | undefined): void {
    const retry = retryInMs === undefined ? "" : `; next try in ${Math.round(retryInMs)} ms`
    logEvent(this.#log, "duty.failed", `${duty} failed${retry}`, { duty, error, retryInMs })
    this.#parts.events.emit("error", { duty, error })
    // The database may be away: whoever asks for this worker's health shall hear of it soon.
    if (duty !== "heartbeat") this.#heartbeat.poke()
  }
}

/** A database that is away must not keep a stopping worker alive; others will rescue what it held. */
function patienceMs(deadline: AbortSignal): number {
  return deadline.reason === hurry ? 300 : 5_000
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}

function poolTooSmall(sessions: number): PgQueuerError {
  return new PgQueuerError(
    "PGQ_POOL_TOO_SMALL",
    `a worker needs ${fewestSessions} connections, the pool has at most ${sessions}`,
    {
      remedy: `Raise the pool's max to ${fewestSessions} at least; ${fewestSessions + 1} or more let two exchanges be under way.`,
    },
  )
}
