import type { Clock } from "../../ports/clock.js"
import type { Lending, LimitStore, Rule, SlotRequest } from "../../ports/limit-store.js"
import type { ClaimedJob, OwnClaim, Report } from "../../ports/worker-store.js"
import { DueStarts } from "./due-starts.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import { type Asked, type Capacity, Gate } from "./gate.js"
import { HeldJobs } from "./held-jobs.js"
import { nextWishAt, wishOf } from "./slot-wishes.js"

/** So far ahead starts are reserved: enough to fetch the jobs for them, little enough to lose when a worker dies. */
const horizonMs = 150

export interface GatesParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly entrypoints: readonly string[]
  use<T>(work: (limits: LimitStore) => Promise<T>): Promise<T>
  workerId(): string
  findClaims(): Promise<readonly OwnClaim[]>
  capacity(): Capacity
  /** Runs the work while no claim is under way. */
  whileQuiet<T>(work: () => Promise<T>): Promise<T>
  /** Jobs of limited entrypoints can be claimed now. */
  onRoom(): void
  /** The same for a job that is claimed apart. */
  onRoomApart(): void
  /** A start may be due. */
  onDue(): void
  /** Nothing limits these jobs any more. */
  onUnlimited(jobs: readonly ClaimedJob[]): void
  /** Limits or pauses have changed; these entrypoints are paused now. */
  onRules(paused: readonly string[]): void
}

/**
 * The limited and paused entrypoints of a worker. A concurrency limit is a number of slots that the database lends to workers; a worker
 * fills its own without asking, and gives back what it does not use. A rate is a row of start times that workers reserve.
 */
export class Gates {
  readonly #parts: GatesParts
  readonly #duty: Duty
  readonly #gates = new Map<string, Gate>()
  readonly #held = new HeldJobs()
  readonly #dueStarts: DueStarts
  #rules: string | null = null
  #stale = true
  #inDoubt = false
  #single: Promise<unknown> = Promise.resolve()
  /** A job that is claimed apart may wait for room: the next room is not for the others. */
  #owed = false
  #closed = false

  constructor(parts: GatesParts) {
    this.#parts = parts
    this.#duty = new Duty("limits", parts.duties, () => this.#work())
    this.#dueStarts = new DueStarts({
      clock: parts.clock,
      onDue: () => parts.onDue(),
      onShort: () => this.#duty.poke(),
    })
  }

  start(): void {
    this.#duty.start()
  }

  async stop(): Promise<void> {
    this.#dueStarts.stop()
    await this.#duty.stop()
  }

  /** Reads the rules for the first time. */
  async open(): Promise<void> {
    await this.#readRules()
  }

  get active(): boolean {
    return this.#gates.size > 0
  }

  /** Jobs that are claimed and wait for their start. */
  get waiting(): number {
    let count = 0
    for (const gate of this.#gates.values()) count += gate.line.size
    return count
  }

  /** Whether no job waits here, and none that may run is known to wait for a slot. */
  get settled(): boolean {
    for (const gate of this.#gates.values()) {
      if (gate.line.size > 0 || (gate.hungry && !gate.rule.paused)) return false
    }
    return !this.#stale && !this.#inDoubt && !this.#owed
  }

  get leases(): readonly string[] {
    return [...this.#gates.values()].flatMap((gate) => gate.lease ?? [])
  }

  /** How many jobs of an entrypoint the next claim may take; null where nothing limits. */
  most(entrypoint: string): number | null {
    const gate = this.#gates.get(entrypoint)
    if (gate === undefined) return null
    if (this.#inDoubt) return 0
    if (!gate.limited) return gate.rule.paused ? 0 : null
    return Math.max(0, gate.room(this.#parts.clock.monotonic()) - (this.#owed ? 1 : 0))
  }

  /** Whether no more than so many jobs of an entrypoint can run at once. */
  bounds(entrypoint: string, most: number): boolean {
    const limit = this.#gates.get(entrypoint)?.rule.concurrencyLimit ?? Number.POSITIVE_INFINITY
    return limit <= most
  }

  /** Ends go out. The claim of the same exchange, planned after this, may fill their slots: it is one transaction. */
  handIn(reports: readonly Report[]): void {
    if (this.#held.size === 0) return
    for (const report of reports) this.#held.gateOf(report)?.handIn()
  }

  /** Whether the end of a job of this claim makes room for one that waits. */
  frees(report: Report): boolean {
    return this.#held.size > 0 && this.#held.gateOf(report)?.hungry === true
  }

  /** A claim goes out that may take so many jobs of these entrypoints. */
  ask(most: ReadonlyMap<string, number>): ReadonlyMap<string, Asked> {
    const asked = new Map<string, Asked>()
    for (const [entrypoint, count] of most) asked.set(entrypoint, this.#gates.get(entrypoint)!.ask(count))
    // What this claim uses up is asked for anew while it is under way.
    if (asked.size > 0) this.#duty.poke()
    return asked
  }

  /**
   * A claim came back.
   *
   * @param complete - whether it saw all that was ready
   */
  answer(asked: ReadonlyMap<string, Asked>, jobs: readonly ClaimedJob[], complete: boolean): void {
    if (!this.active) return
    const taken = new Map<string, number>()
    for (const { id, token, entrypoint } of jobs) {
      const gate = this.#gates.get(entrypoint)
      if (gate === undefined) continue
      this.#held.add(id, token, gate)
      taken.set(entrypoint, (taken.get(entrypoint) ?? 0) + 1)
    }
    for (const [entrypoint, { most, wakes }] of asked) {
      const gate = this.#gates.get(entrypoint)
      if (gate === undefined) continue
      const count = taken.get(entrypoint) ?? 0
      gate.answer(most, count)
      if (complete && count < most && wakes === gate.wakes) gate.hungry = false
    }
    this.#duty.poke()
  }

  /** The ends came back, recorded or refused: either way the claims hold the jobs no more. */
  ended(reports: readonly Report[]): void {
    if (this.#held.size === 0) return
    for (const report of reports) this.#held.take(report)?.ended()
    this.#duty.poke()
  }

  /** Keeps the jobs that must wait for their start; answers with the others. */
  hold(jobs: readonly ClaimedJob[]): readonly ClaimedJob[] {
    if (!this.active) return jobs
    const free: ClaimedJob[] = []
    const waiting = new Map<Gate, ClaimedJob[]>()
    for (const job of jobs) {
      const gate = this.#gates.get(job.entrypoint)
      if (gate === undefined || gate.rule.requestsPerSecond === null || this.#closed) free.push(job)
      else if (waiting.get(gate)?.push(job) === undefined) waiting.set(gate, [job])
    }
    for (const [gate, line] of waiting) gate.line.add(line)
    if (free.length < jobs.length) this.#parts.onDue()
    return free
  }

  /** The next job whose start is due, unless one of `rank` comes before it. */
  takeDue(rank: number | undefined): ClaimedJob | undefined {
    return this.#dueStarts.take(this.#gates.values(), rank)
  }

  /** Takes out jobs that wait for their start. */
  takeOut(isMeant: (claim: ClaimedJob) => boolean): ClaimedJob[] {
    return [...this.#gates.values()].flatMap((gate) => gate.line.take(isMeant))
  }

  /** Something may be ready: in these entrypoints, or anywhere. */
  wake(entrypoints: readonly string[] | undefined): void {
    if (!this.active) return
    for (const gate of this.#named(entrypoints)) gate.wake()
    this.#duty.poke()
  }

  /** Slots are free again. */
  freed(entrypoints: readonly string[] | true): void {
    for (const gate of this.#named(entrypoints === true ? undefined : entrypoints)) gate.refused = false
    this.#duty.poke()
  }

  /** What the database says of the rules; undefined: they have changed. */
  see(rules: string | null | undefined): void {
    if (rules === this.#rules) return
    this.#stale = true
    this.#duty.poke()
  }

  /** A claim got no answer: what this worker holds has to be counted. */
  doubt(): void {
    if (this.leases.length === 0) return
    this.#inDoubt = true
    this.#duty.poke()
  }

  /** Lets go of the jobs that wait for their start, of one entrypoint or of all. */
  giveUpWaiting(entrypoint?: string): ClaimedJob[] {
    const gates = entrypoint === undefined ? [...this.#gates.values()] : this.#named([entrypoint])
    return gates.flatMap((gate) => gate.line.clear())
  }

  /** Keeps no more jobs. */
  close(): ClaimedJob[] {
    this.#closed = true
    return this.giveUpWaiting()
  }

  /** This worker was declared dead. */
  reset(): ClaimedJob[] {
    const lost = this.giveUpWaiting()
    this.#held.clear()
    this.#inDoubt = false
    for (const gate of this.#gates.values()) gate.reset()
    return lost
  }

  /** Lets a single job be claimed apart, of one of the entrypoints that have room; `certain` when there is one, be it of another. */
  async single(
    entrypoints: readonly string[],
    certain: boolean,
    claim: (open: readonly string[], leases: readonly string[]) => Promise<ClaimedJob | undefined>,
  ): Promise<ClaimedJob | undefined> {
    if (!this.active) return claim(entrypoints, [])
    this.#owed = false
    const most = new Map<string, number>()
    const open = entrypoints.filter((entrypoint) => {
      const room = this.most(entrypoint)
      if (room !== null && room > 0) most.set(entrypoint, 1)
      return room === null || room > 0
    })
    const shut = entrypoints.filter(
      (entrypoint) => !open.includes(entrypoint) && !this.#gates.get(entrypoint)!.rule.paused,
    )
    const asked = this.ask(most)
    const claiming = claim(open, this.leases)
    this.#single = claiming.catch(() => this.doubt())
    const job = await claiming
    this.answer(asked, job === undefined ? [] : [job], false)
    if (job === undefined && certain && shut.length > 0) this.#owe(shut)
    return job
  }

  #owe(entrypoints: readonly string[]): void {
    this.#owed = true
    for (const gate of this.#named(entrypoints)) gate.hungry = true
    this.#duty.poke()
  }

  async #work(): Promise<number> {
    if (this.#parts.workerId() === "") return Number.POSITIVE_INFINITY
    if (this.#stale) await this.#readRules()
    if (this.#inDoubt) await this.#recount()
    const askedAt = this.#parts.clock.monotonic()
    const requests = this.#requests(askedAt)
    if (requests.length > 0) await this.#lend(requests)
    this.#announceRoom()
    return this.#pauseMs(askedAt)
  }

  async #readRules(): Promise<void> {
    const { rules, all } = await this.#parts.use((limits) => limits.readRules())
    const known = this.#rules
    this.#rules = rules
    this.#stale = false
    const counted = all.filter((rule) => this.#parts.entrypoints.includes(rule.entrypoint)).filter(closes)
    for (const rule of counted) this.#obey(rule)
    const names = new Set(counted.map((rule) => rule.entrypoint))
    for (const gate of [...this.#gates.values()]) if (!names.has(gate.entrypoint)) this.#drop(gate)
    if (rules === known) return
    for (const gate of this.#gates.values()) {
      gate.wake()
      gate.refused = false
      gate.askAgainAt = 0
    }
    this.#parts.onRules([...this.#gates.values()].filter(({ rule }) => rule.paused).map(({ entrypoint }) => entrypoint))
  }

  #obey(rule: Rule): void {
    const gate = this.#gates.get(rule.entrypoint)
    if (gate === undefined) {
      this.#gates.set(rule.entrypoint, new Gate(rule))
      // Jobs of it may be held that were claimed without a lease.
      if (this.#parts.workerId() !== "") this.#inDoubt = true
    } else {
      gate.rule = rule
    }
  }

  #drop(gate: Gate): void {
    this.#gates.delete(gate.entrypoint)
    this.#held.drop(gate)
    this.#parts.onUnlimited(gate.line.clear())
  }

  /** Waits for what is under way, makes sure that nothing comes of what got no answer, and counts what the database says. */
  async #recount(): Promise<void> {
    await this.#single
    await this.#parts.whileQuiet(async () => {
      const leases = await this.#parts.use((limits) => limits.renewLeases(this.#parts.workerId()))
      const claims = await this.#parts.findClaims()
      this.#held.clear()
      for (const gate of this.#gates.values()) {
        gate.lease = leases.find(({ entrypoint }) => entrypoint === gate.entrypoint)?.lease
        const own = claims.filter(({ entrypoint }) => entrypoint === gate.entrypoint)
        gate.recount(own.reduce((count, { jobIds }) => count + jobIds.length, 0))
        for (const { token, jobIds } of own) for (const id of jobIds) this.#held.add(id, token, gate)
      }
      this.#inDoubt = false
    })
    for (const gate of this.#gates.values()) gate.hungry = true
  }

  #requests(now: number): SlotRequest[] {
    const capacity = this.#parts.capacity()
    return [...this.#gates.values()].flatMap((gate) => wishOf(gate, capacity, now, this.#closed) ?? [])
  }

  async #lend(requests: readonly SlotRequest[]): Promise<void> {
    const sentAt = this.#parts.clock.monotonic()
    const lendings = await this.#parts.use((limits) => limits.leaseSlots(this.#parts.workerId(), requests, horizonMs))
    for (const lending of lendings) {
      const gate = this.#gates.get(lending.entrypoint)
      const request = requests.find(({ entrypoint }) => entrypoint === lending.entrypoint)
      if (gate === undefined || request === undefined) continue
      this.#accept(gate, lending, request, sentAt)
    }
    this.#parts.onDue()
  }

  #announceRoom(): void {
    const now = this.#parts.clock.monotonic()
    const roomy = [...this.#gates.values()].filter((gate) => gate.hungry && gate.limited && gate.room(now) > 0)
    if (roomy.length === 0 || this.#closed) return
    if (this.#owed) this.#parts.onRoomApart()
    this.#parts.onRoom()
  }

  #accept(gate: Gate, lending: Lending, request: SlotRequest, sentAt: number): void {
    const gained = gate.lend(lending, sentAt, this.#parts.clock.monotonic())
    if (request.needed + request.ahead > 0) gate.refused = gained < Math.max(1, request.needed)
    else if (request.returned > 0) gate.refused = false
    gate.idleSince = undefined
  }

  /** Until the next wish that was not due yet when they were made: what has become due since has nobody asked for. */
  #pauseMs(askedAt: number): number {
    const next = Math.min(...[...this.#gates.values()].map((gate) => nextWishAt(gate, askedAt)))
    return Math.max(0, next - this.#parts.clock.monotonic())
  }

  #named(entrypoints: readonly string[] | undefined): Gate[] {
    if (entrypoints === undefined) return [...this.#gates.values()]
    return entrypoints.flatMap((entrypoint) => this.#gates.get(entrypoint) ?? [])
  }
}

/** Whether a rule keeps a worker from claiming as it likes. */
function closes(rule: Rule): boolean {
  return rule.paused || rule.concurrencyLimit !== null || rule.requestsPerSecond !== null
}
