import type { WakeUp } from "../../ports/job-store.js"
import type { ClaimedJob, ClaimRange } from "../../ports/worker-store.js"

const lowestRank = -2_147_483_648
const highestRank = 2_147_483_647

/** Each lane costs every claim a look at the index; those that gave nothing for longest are forgotten. */
const mostLanesOfEntrypoint = 64
const mostLanes = 256

/** Of so many entrypoints on, the ranges that had nothing cost more than the rest: those above the lanes are left out until a wake-up. */
const manyEntrypoints = 32

/** Twice the rows that a fair share would need: reading one costs far less than another exchange. */
const readAhead = 2

/** How far to read a range, from how much it gave the last time. */
interface Peek {
  peek: number
}

/** What a worker remembers of one (entrypoint, rank): nothing below `mark` is ready any more, as far as it knows. */
interface Lane extends Peek {
  readonly rank: number
  mark: number
  lastUsed: number
}

interface Line {
  /** By rank, ascending. */
  lanes: Lane[]
  /** `#wakeUps` when nothing was found above the first lane; it holds until the next one. */
  topEmptyAt: number | undefined
  /** Of the range before the first lane, and of a look everywhere. */
  readonly top: Peek
  readonly whole: Peek
}

/** A claim under way: what it looks at, and the places in line that became ready since it was sent. */
export interface Look {
  readonly ranges: readonly ClaimRange[]
  readonly limit: number
  /** It ignored the marks. */
  readonly everywhere: boolean
  /** Of limited entrypoints: how many of their jobs it may take. */
  readonly most: ReadonlyMap<string, number>
  readonly lowest: Map<string, number>
  /** How many wake-ups had come before. */
  readonly wakeUps: number
  /** Of each range, where to remember how much it gave. */
  readonly peeks: readonly Peek[]
  /** The marks as they were when it was planned. */
  readonly marks: ReadonlyMap<Lane, number>
}

/**
 * Where in the line of each entrypoint the next claim has to start.
 *
 * A claim deletes rows at the head of the line, and under an old snapshot those dead rows stay in the index. The marks let the
 * next claim start behind them. They are hints: a wake-up takes them back to what it names, and a sweep ignores them.
 */
export class LowWaterMarks {
  readonly #lines: ReadonlyMap<string, Line>
  readonly #looks = new Set<Look>()
  #turn = 0
  #wakeUps = 0

  constructor(entrypoints: readonly string[]) {
    this.#lines = new Map(entrypoints.map((entrypoint) => [entrypoint, newLine()]))
  }

  /**
   * Plans a claim of at most `wanted` jobs; `everywhere` ignores the marks. To be closed with `taken` or `failed`.
   *
   * @param mostOf - how many jobs of an entrypoint may be taken; null where nothing limits
   */
  look(wanted: number, everywhere: boolean, mostOf: (entrypoint: string) => number | null = () => null): Look {
    const most = new Map<string, number>()
    let possible = 0
    const planned = [...this.#lines].flatMap(([entrypoint, line]) => {
      const allowed = mostOf(entrypoint)
      if (allowed === 0) return []
      if (allowed !== null) most.set(entrypoint, Math.min(allowed, wanted))
      possible += allowed ?? wanted
      const sparing = this.#lines.size >= manyEntrypoints && line.topEmptyAt === this.#wakeUps
      return rangesOf(entrypoint, line, everywhere, sparing)
    })
    const limit = Math.min(wanted, possible)
    const fair = Math.ceil((limit * readAhead) / Math.max(1, planned.length))
    const look: Look = {
      limit,
      everywhere,
      most,
      lowest: new Map(),
      wakeUps: this.#wakeUps,
      peeks: planned.map(({ remembered }) => remembered),
      marks: new Map([...this.#lines.values()].flatMap(({ lanes }) => lanes.map((lane) => [lane, lane.mark]))),
      ranges: planned.map(({ entrypoint, low, mark, high, remembered }) => {
        const allowed = most.get(entrypoint) ?? null
        const peek = Math.min(allowed ?? limit, limit, Math.max(fair, remembered.peek))
        return { entrypoint, low, mark, high, peek, most: allowed }
      }),
    }
    this.#looks.add(look)
    return look
  }

  /** Learns from what a claim gave; answers whether there is more behind what it read. */
  taken(look: Look, jobs: readonly ClaimedJob[]): boolean {
    this.#looks.delete(look)
    this.#turn++
    const more = this.#rememberPeeks(look, jobs)
    if (look.everywhere) this.#fallBack(jobs)
    for (const job of jobs) this.#advance(job, look)
    this.#forget()
    return more || jobs.length >= look.limit
  }

  /** It passed rows that others had locked, and may give back: the marks go back to where they were. */
  passedOthers(look: Look): void {
    this.#wakeUps++
    for (const { lanes } of this.#lines.values())
      for (const lane of lanes) lane.mark = Math.min(lane.mark, look.marks.get(lane) ?? 0)
  }

  /** What it had locked is ready again, also below marks that other claims have set since by passing it. */
  failed(look: Look): void {
    this.#looks.delete(look)
    this.wake({})
  }

  /** Something became ready: marks above it, now or after the claims under way, are taken back. */
  wake({ entrypoints, seq }: WakeUp): void {
    this.#wakeUps++
    const lowest = entrypoints === undefined ? 0 : seq == null ? undefined : Number(seq)
    if (lowest === undefined) return
    for (const entrypoint of entrypoints ?? this.#lines.keys()) {
      const line = this.#lines.get(entrypoint)
      if (line === undefined) continue
      for (const lane of line.lanes) lane.mark = Math.min(lane.mark, lowest)
      for (const look of this.#looks)
        look.lowest.set(entrypoint, Math.min(look.lowest.get(entrypoint) ?? lowest, lowest))
    }
  }

  #rememberPeeks(look: Look, jobs: readonly ClaimedJob[]): boolean {
    const given = countByRange(look.ranges, jobs)
    // What is taken is the head of the whole line: everything before the last of it is taken, too.
    const passed = jobs.reduce((highest, job) => Math.max(highest, job.rank), lowestRank)
    let more = false
    look.ranges.forEach((range, index) => {
      const count = given[index]!
      if (count >= range.peek && (range.most === null || count < range.most)) more = true
      const remembered = look.peeks[index]!
      remembered.peek = count >= range.peek ? count * 2 + 1 : count + (count >> 1) + 1
      const line = this.#lines.get(range.entrypoint)!
      if (remembered === line.top)
        line.topEmptyAt = passed > range.high && range.most === null ? look.wakeUps : undefined
    })
    return more
  }

  /** A look everywhere took jobs from before a mark: there may be more behind them, and the mark was wrong. */
  #fallBack(jobs: readonly ClaimedJob[]): void {
    for (const { entrypoint, rank, seq } of jobs) {
      const lane = this.#lines.get(entrypoint)?.lanes.find((known) => known.rank === rank)
      if (lane !== undefined && seq < lane.mark) this.wake({ entrypoints: [entrypoint], seq: String(seq) })
    }
  }

  #advance(job: ClaimedJob, look: Look): void {
    const line = this.#lines.get(job.entrypoint)
    if (line === undefined) return
    let lane = line.lanes.find((known) => known.rank === job.rank)
    if (lane === undefined) {
      lane = { rank: job.rank, mark: 0, lastUsed: 0, peek: 0 }
      line.lanes.push(lane)
      line.topEmptyAt = undefined
      line.lanes.sort((a, b) => a.rank - b.rank)
    }
    lane.lastUsed = this.#turn
    lane.mark = Math.min(Math.max(lane.mark, job.seq + 1), look.lowest.get(job.entrypoint) ?? Number.POSITIVE_INFINITY)
  }

  #forget(): void {
    const all = this.#keepLanes(mostLanesOfEntrypoint)
    if (all > mostLanes) this.#keepLanes(Math.max(1, Math.floor(mostLanes / this.#lines.size)))
  }

  /** Keeps the newest lanes of each entrypoint; answers with how many there are. */
  #keepLanes(most: number): number {
    let all = 0
    for (const line of this.#lines.values()) {
      if (line.lanes.length > most) keepNewest(line, most)
      all += line.lanes.length
    }
    return all
  }
}

interface PlannedRange extends Omit<ClaimRange, "peek" | "most"> {
  readonly remembered: Peek
}

function newLine(): Line {
  return { lanes: [], topEmptyAt: undefined, top: { peek: 0 }, whole: { peek: 0 } }
}

/** From the top to the first lane, then from each lane's mark to the next lane. */
function rangesOf(entrypoint: string, line: Line, everywhere: boolean, sparing: boolean): PlannedRange[] {
  const whole = { entrypoint, low: lowestRank, mark: 0, high: highestRank }
  const first = line.lanes[0]
  if (everywhere || first === undefined) return [{ ...whole, remembered: line.whole }]
  const ranges: PlannedRange[] = []
  if (first.rank > lowestRank && !sparing) ranges.push({ ...whole, high: first.rank - 1, remembered: line.top })
  line.lanes.forEach((lane, index) => {
    const next = line.lanes[index + 1]
    const high = next === undefined ? highestRank : next.rank - 1
    ranges.push({ entrypoint, low: lane.rank, mark: lane.mark, high, remembered: lane })
  })
  return ranges
}

function countByRange(ranges: readonly ClaimRange[], jobs: readonly ClaimedJob[]): number[] {
  const counts = ranges.map(() => 0)
  const ofEntrypoint = new Map<string, number[]>()
  ranges.forEach((range, index) => {
    const indexes = ofEntrypoint.get(range.entrypoint)
    if (indexes === undefined) ofEntrypoint.set(range.entrypoint, [index])
    else indexes.push(index)
  })
  for (const job of jobs) {
    const index = ofEntrypoint.get(job.entrypoint)?.find((candidate) => job.rank <= ranges[candidate]!.high)
    if (index !== undefined) counts[index]!++
  }
  return counts
}

function keepNewest(line: Line, most: number): void {
  line.topEmptyAt = undefined
  line.lanes = [...line.lanes].sort((a, b) => b.lastUsed - a.lastUsed).slice(0, most)
  line.lanes.sort((a, b) => a.rank - b.rank)
}
