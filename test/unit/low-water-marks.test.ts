import fc from "fast-check"
import { expect, it } from "vitest"
import { type Look, LowWaterMarks } from "../../src/app/worker/low-water-marks.js"
import type { ClaimedJob } from "../../src/ports/worker-store.js"

/**
 * The marks against a model of the table `ready` and of the claim in exchange.sql: ranges are read in order up to their peek, nothing
 * behind the frontier (the first range that was not read to its end) is taken, rows that others have locked are skipped.
 */
class ReadyModel {
  readonly rows: Row[] = []
  #seq = 0

  /** A place in line is drawn when the job is written, and seen by others once it is committed. */
  write(entrypoint: string, priority: number): Row {
    const row = { entrypoint, rank: ~priority, seq: ++this.#seq, locked: false, visible: false }
    this.rows.push(row)
    return row
  }

  waiting(entrypoints: readonly string[]): Row[] {
    return this.rows.filter((row) => row.visible && entrypoints.includes(row.entrypoint)).sort(inOrder)
  }

  /** Locks and answers what a claim takes; it is gone with `commit`, and back with `rollback`. */
  claim({ ranges, limit }: Look): Row[] {
    const heads = ranges.map((range) => this.#inRange(range).slice(0, range.peek))
    const ends = heads.flatMap((head, index) => (head.length === ranges[index]!.peek ? [head.at(-1)!] : []))
    const frontier = ends.sort(inOrder)[0]
    const chosen = heads
      .flatMap((head, position) => head.map((row) => ({ row, position })))
      .filter(({ row }) => frontier === undefined || inOrder(row, frontier) <= 0)
      .sort((a, b) => inOrder(a.row, b.row))
      .slice(0, limit)
    const taken = ranges.flatMap((range, position) => {
      const share = chosen.filter((one) => one.position === position).length
      return this.#inRange(range)
        .filter((row) => !row.locked)
        .slice(0, share)
    })
    for (const row of taken) row.locked = true
    return taken
  }

  commit(taken: readonly Row[]): void {
    for (const row of taken) this.rows.splice(this.rows.indexOf(row), 1)
  }

  rollback(taken: readonly Row[]): void {
    for (const row of taken) row.locked = false
  }

  #inRange({ entrypoint, low, mark, high }: Look["ranges"][number]): Row[] {
    return this.waiting([entrypoint]).filter(
      (row) => (row.rank > low || (row.rank === low && row.seq >= mark)) && row.rank <= high,
    )
  }
}

interface Row {
  readonly entrypoint: string
  readonly rank: number
  readonly seq: number
  locked: boolean
  visible: boolean
}

const entrypoints = ["a", "b", "c"]
const anyJob = fc.record({ entrypoint: fc.constantFrom(...entrypoints), priority: fc.integer({ min: -2, max: 2 }) })
const fewJobs = fc.array(anyJob, { maxLength: 5 })

it.each([0, 40])(
  "takes jobs by priority, then by age, over all entrypoints, and leaves none behind; beside %s others",
  (others) => {
    const step = fc.oneof(
      fc.record({ does: fc.constant("enqueue" as const), jobs: fc.array(anyJob, { maxLength: 40 }) }),
      fc.record({
        does: fc.constant("claim" as const),
        limit: fc.integer({ min: 1, max: 30 }),
        everywhere: fc.boolean(),
        before: fewJobs,
        after: fewJobs,
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [table, marks] = [new ReadyModel(), new LowWaterMarks([...entrypoints, ...namesOf(others)])]
        for (const step of steps) {
          if (step.does === "enqueue") enqueue(table, marks, step.jobs)
          else claimInOrder(table, marks, step)
        }
        expect(drain(table, marks)).toEqual([])
      }),
      { numRuns: 500 },
    )
  },
)

it("leaves out what lies above all jobs of many entrypoints, until a wake-up or a sweep", () => {
  const names = namesOf(40)
  const [table, marks] = [new ReadyModel(), new LowWaterMarks(names)]
  for (let n = 0; n < 5; n++)
    enqueue(
      table,
      marks,
      names.map((entrypoint) => ({ entrypoint, priority: 0 })),
    )
  const tops = (everywhere = false) => {
    const look = marks.look(40, everywhere)
    const taken = table.claim(look)
    table.commit(taken)
    marks.taken(look, taken.map(asClaimed))
    return look.ranges.filter((range) => range.low === -2_147_483_648).length
  }
  expect([tops(), tops(), tops()]).toEqual([40, 40, 0])
  marks.wake({ entrypoints: ["e7"], seq: "1000" })
  expect([tops(), tops(), tops(true)]).toEqual([40, 0, 40])
})

it("finds a job whose transaction commits after later ones were taken, by its wake-up alone", () => {
  fc.assert(
    fc.property(fc.array(anyJob, { minLength: 1, maxLength: 30 }), fc.nat(29), (jobs, pick) => {
      const [table, marks] = [new ReadyModel(), new LowWaterMarks(entrypoints)]
      const rows = jobs.map(({ entrypoint, priority }) => table.write(entrypoint, priority))
      const late = rows[pick % rows.length]!
      for (const row of rows) row.visible = row !== late
      wake(
        marks,
        rows.filter((row) => row !== late),
      )
      drain(table, marks)
      late.visible = true
      wake(marks, [late])
      expect(drain(table, marks)).toEqual([])
    }),
  )
})

it("takes a mark back when a wake-up comes while a claim is under way", () => {
  fc.assert(
    fc.property(fc.array(anyJob, { minLength: 2, maxLength: 20 }), fc.boolean(), (jobs, asWord) => {
      const [table, marks] = [new ReadyModel(), new LowWaterMarks(entrypoints)]
      const [late, ...rows] = jobs.map(({ entrypoint, priority }) => table.write(entrypoint, priority))
      for (const row of rows) row.visible = true
      wake(marks, rows)
      const look = marks.look(100, false)
      const taken = table.claim(look)
      late!.visible = true
      if (asWord) marks.wake({})
      else wake(marks, [late!])
      table.commit(taken)
      marks.taken(look, taken.map(asClaimed))
      expect(drain(table, marks)).toEqual([])
    }),
  )
})

it("finds what a failed claim had locked, although another one has passed it by", () => {
  const [table, marks] = [new ReadyModel(), new LowWaterMarks(["a"])]
  for (let n = 0; n < 20; n++) table.write("a", 0).visible = true
  marks.wake({})
  const [first, second] = [marks.look(10, false), marks.look(10, false)]
  const [failing, passing] = [table.claim(first), table.claim(second)]
  table.commit(passing)
  marks.taken(second, passing.map(asClaimed))
  table.rollback(failing)
  marks.failed(first)
  expect(drain(table, marks)).toEqual([])
})

it.each([false, true])(
  "goes back to what others had locked and gave back, and no further; everywhere: %s",
  (everywhere) => {
    const [table, marks] = [new ReadyModel(), new LowWaterMarks(["a"])]
    for (let n = 0; n < 30; n++) table.write("a", 0).visible = true
    const first = marks.look(10, false)
    const done = table.claim(first)
    table.commit(done)
    marks.taken(first, done.map(asClaimed))
    const others = table.waiting(["a"]).slice(0, 5)
    for (const row of others) row.locked = true
    const look = marks.look(10, everywhere)
    const taken = table.claim(look)
    table.commit(taken)
    marks.taken(look, taken.map(asClaimed))
    table.rollback(others)
    marks.passedOthers(look)
    expect(marks.look(10, false).ranges.some((range) => range.mark === others[0]!.seq)).toBe(true)
    expect(drain(table, marks)).toEqual([])
  },
)

it("reads a sweep from the very beginning", () => {
  const marks = new LowWaterMarks(["a"])
  const look = marks.look(10, false)
  marks.taken(look, [asClaimed({ entrypoint: "a", rank: 0, seq: 500, locked: false, visible: true })])
  expect(marks.look(10, false).ranges.some((range) => range.mark === 501)).toBe(true)
  expect(marks.look(10, true).ranges.every((range) => range.mark === 0)).toBe(true)
})

it("keeps few marks, however many priorities there are", () => {
  const marks = new LowWaterMarks(entrypoints)
  for (let priority = 0; priority < 1_000; priority++) {
    const job = { entrypoint: "a", rank: ~priority, seq: priority + 1, locked: false, visible: true }
    marks.taken(marks.look(10, false), [asClaimed(job)])
  }
  expect(marks.look(10, false).ranges.length).toBeLessThanOrEqual(64 + 1 + entrypoints.length)
})

it("covers every place in line once, whatever it remembers", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }), { maxLength: 100 }), (priorities) => {
      const marks = new LowWaterMarks(["a"])
      priorities.forEach((priority, index) => {
        const row = { entrypoint: "a", rank: ~priority, seq: index + 1, locked: false, visible: true }
        marks.taken(marks.look(1, false), [asClaimed(row)])
      })
      const ranges = [...marks.look(1, false).ranges].sort((a, b) => a.low - b.low)
      expect(ranges[0]!.low).toBe(-2_147_483_648)
      expect(ranges.at(-1)!.high).toBe(2_147_483_647)
      for (let n = 1; n < ranges.length; n++) expect(ranges[n]!.low).toBe(ranges[n - 1]!.high + 1)
    }),
  )
})

it("learns nothing from names that it does not know", () => {
  const marks = new LowWaterMarks(["a"])
  expect(() => marks.wake({ entrypoints: ["b", "__proto__"], seq: "1" })).not.toThrow()
})

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `e${index}`)
}

function enqueue(table: ReadyModel, marks: LowWaterMarks, jobs: readonly { entrypoint: string; priority: number }[]) {
  const rows = jobs.map(({ entrypoint, priority }) => table.write(entrypoint, priority))
  for (const row of rows) row.visible = true
  wake(marks, rows)
}

/** One claim, with jobs that arrive just before it reads and just after; it must take the head of the whole line. */
function claimInOrder(
  table: ReadyModel,
  marks: LowWaterMarks,
  step: { limit: number; everywhere: boolean; before: readonly Job[]; after: readonly Job[] },
): void {
  const look = marks.look(step.limit, step.everywhere)
  const line = table.waiting(entrypoints)
  const taken = table.claim(look)
  expect(taken.sort(inOrder)).toEqual(line.slice(0, taken.length))
  enqueue(table, marks, step.before)
  table.commit(taken)
  enqueue(table, marks, step.after)
  const more = marks.taken(look, taken.map(asClaimed))
  if (!more) expect(taken).toHaveLength(line.length)
}

type Job = { readonly entrypoint: string; readonly priority: number }

/** Claims until the marks say that there is no more; answers with what is left. */
function drain(table: ReadyModel, marks: LowWaterMarks): Row[] {
  for (let turn = 0; turn < 500; turn++) {
    const look = marks.look(10, false)
    const taken = table.claim(look)
    table.commit(taken)
    if (!marks.taken(look, taken.map(asClaimed))) return table.waiting(entrypoints)
  }
  throw new Error("the claims never came to an end")
}

function wake(marks: LowWaterMarks, rows: readonly Row[]): void {
  if (rows.length === 0) return
  const names = [...new Set(rows.map((row) => row.entrypoint))]
  marks.wake({ entrypoints: names, seq: String(Math.min(...rows.map((row) => row.seq))) })
}

function inOrder(a: Row, b: Row): number {
  return a.rank - b.rank || a.seq - b.seq
}

function asClaimed({ entrypoint, rank, seq }: Row): ClaimedJob {
  return {
    token: "1",
    id: String(seq),
    entrypoint,
    rank,
    seq,
    attempt: 1,
    payload: null,
    payloadBytes: null,
    headers: null,
    createdAt: null,
    readyAt: null,
    settings: null,
  }
}
