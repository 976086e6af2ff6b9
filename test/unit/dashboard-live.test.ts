import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Figures } from "../../src/cli/dashboard/figures.js"
import { type Model, makeFrame } from "../../src/cli/dashboard/frame.js"
import { type Key, press } from "../../src/cli/dashboard/keys.js"
import { LiveDashboard } from "../../src/cli/dashboard/live-dashboard.js"
import type { DashboardReader } from "../../src/cli/dashboard/reader.js"
import { answered } from "../../src/cli/dashboard/readings.js"
import { firstState, type State } from "../../src/cli/dashboard/state.js"
import { lineWidth, plainText } from "../../src/cli/dashboard/text.js"
import { emptyHistogram, spreadOf } from "../../src/domain/histogram.js"
import type { RecentGroup } from "../../src/ports/recent-store.js"
import { FakeClock, settle } from "../support/fake-clock.js"

const seen = { ids: ["a", "b", "c"], jobs: ["7", "6"], columns: 3, page: 2, lastTop: 5 }

describe("keys", () => {
  it("move the choice, and hold on to its row unless it is the first", () => {
    expect(stateAfter("down", "down").choices.recent.cursor).toEqual({ id: "c", index: 2 })
    expect(stateAfter("down", "down", "down", "up").choices.recent.cursor).toEqual({ id: "b", index: 1 })
    expect(stateAfter("end", "home").choices.recent.cursor).toEqual({ id: undefined, index: 0 })
  })

  it("go around the views", () => {
    expect([stateAfter("tab").view, stateAfter("left").view, stateAfter("4").view, stateAfter("9").view]).toEqual([
      ...["entrypoints", "schedules", "failures", "recent"],
    ])
  })

  it("sort by each column, either way, and at last as it comes", () => {
    expect(stateAfter("s").choices.recent.sorting).toEqual({ column: 0, descending: true })
    expect(stateAfter("s", "S").choices.recent.sorting).toEqual({ column: 0, descending: false })
    expect(stateAfter("s", "s", "s", "s").choices.recent.sorting).toBeUndefined()
  })

  it("type a filter, which Escape takes away, and numbers only where an id is asked for", () => {
    expect(stateAfter("/", "q", "é", "backspace", "1", "return").choices.recent.filter).toBe("q1")
    expect(stateAfter("/", "q", "return", "escape").choices.recent.filter).toBe("")
    expect(stateAfter("o", "x", "4", "2", "return").overlay).toEqual({ kind: "job", ids: ["42"], index: 0, top: 0 })
  })

  it("open the jobs of a row, go through them, and come back", () => {
    expect(stateAfter("return", "right", "right").overlay).toEqual({ kind: "job", ids: ["7", "6"], index: 1, top: 0 })
    expect(stateAfter("return", "end").overlay).toMatchObject({ top: 5 })
    expect(stateAfter("return", "q").overlay).toBeUndefined()
  })

  it("leave, with q only where nothing is typed or open", () => {
    expect(press(firstState, key("q"), seen).effect).toBe("leave")
    expect(press(stateAfter("/"), key("q"), seen).effect).toBe("none")
    expect(press(stateAfter("/"), { name: "c", ctrl: true }, seen).effect).toBe("leave")
  })
})

describe("a frame", () => {
  it("fills the window exactly, whatever its size, the state and the text", () => {
    const keys = fc.constantFrom("down", "s", "S", "/", "o", "?", "return", "escape", "2", "3", "4", "5", "x", "space")
    fc.assert(
      fc.property(
        fc.array(keys, { maxLength: 6 }),
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 40 }),
        fc.string({ unit: "binary", maxLength: 40 }),
        (pressed, columns, rows, text) => {
          const state = stateAfter(...pressed)
          const trouble = text.length % 2 === 0 ? { message: text, since: 0, againAt: 5_000 } : undefined
          const { lines } = makeFrame(
            { ...model, state, trouble, rows: state.view === "recent" ? [group(text)] : [], place: text },
            { columns, rows },
          )
          expect(lines).toHaveLength(rows)
          for (const line of lines) {
            expect(lineWidth(line)).toBeLessThanOrEqual(columns)
            expect(plainText(line)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
          }
        },
      ),
    )
  })

  it("keeps the chosen row on the screen", () => {
    const rows = Array.from({ length: 50 }, (_, index) => group(`entry${index}`, index))
    const { ids } = makeFrame({ ...model, rows, tail: 50 }, { columns: 80, rows: 20 }).seen
    const state = press(firstState, key("end"), { ...seen, ids }).state
    const { lines } = makeFrame({ ...model, rows, tail: 50, state }, { columns: 80, rows: 20 })
    expect(lines.map(plainText).find((line) => line.startsWith("▸"))).toContain("entry49")
  })
})

describe("the live dashboard", () => {
  it("reads at each interval, and at once for another view", async () => {
    const { clock, dashboard, reads } = live()
    await dashboard.readFirst()
    const running = dashboard.run()
    await clock.advance(10_000)
    expect(reads()).toBe(2)
    dashboard.press(key("2"))
    await settle()
    expect(reads()).toBe(3)
    dashboard.leave()
    await running
  })

  it("reads nothing while it is paused, but what is asked for", async () => {
    const { clock, dashboard, reads, text } = live()
    await dashboard.readFirst()
    const running = dashboard.run()
    dashboard.press(key("space"))
    await clock.advance(60_000)
    expect([reads(), text().includes("PAUSED 00:01:00 old")]).toEqual([1, true])
    dashboard.press(key("r"))
    await settle()
    expect(reads()).toBe(2)
    dashboard.press(key("space"))
    await clock.advance(20_000)
    expect(reads()).toBeGreaterThanOrEqual(4)
    dashboard.leave()
    await running
  })

  it("says since when nothing could be read, waits longer each time, and forgets it when it can", async () => {
    const { clock, dashboard, reads, text, fail } = live()
    await dashboard.readFirst()
    const running = dashboard.run()
    fail(new Error("connect to postgres://joe:geheim@db failed"))
    await clock.advance(10_000)
    expect(text()).toContain("connect to postgres://joe:***@db failed")
    expect(text()).toContain("Nothing read for 00:00:10, what is shown is 00:00:10 old; trying again in 1 s")
    await clock.advance(15_000)
    expect(reads()).toBe(6)
    fail(undefined)
    await clock.advance(16_000)
    expect(text()).not.toContain("Nothing read")
    dashboard.leave()
    await running
  })

  it("gives up what is not answered within 15 seconds", async () => {
    const clock = new FakeClock()
    let broken = 0
    const waiting = answered(clock, new Promise(() => {}), () => broken++)
    waiting.catch(() => {})
    await clock.advance(14_999)
    expect(broken).toBe(0)
    await clock.advance(1)
    await expect(waiting).rejects.toMatchObject({ code: "PGQ_TIMEOUT" })
    expect(broken).toBe(1)
  })
})

function key(name: string): Key {
  if (/^[A-Z]$/.test(name)) return { name: name.toLowerCase(), sequence: name, shift: true }
  return name.length > 1 ? { name } : { name: /\w/.test(name) ? name : undefined, sequence: name }
}

function stateAfter(...names: string[]): State {
  return names.reduce((state, name) => press(state, key(name), seen).state, firstState)
}

function live() {
  const clock = new FakeClock()
  let [count, error, lines] = [0, undefined as Error | undefined, [] as string[]]
  const now = () => clock.monotonic()
  const reader: DashboardReader = {
    async figures() {
      count++
      if (error !== undefined) throw error
      return { ...figures, readAt: new Date(now()) }
    },
    recent: async () => [group("a")],
    failures: async () => [],
    schedules: async () => [],
    job: async () => undefined,
  }
  const dashboard = new LiveDashboard({
    ...{ reader, clock, now, place: "test", unicode: true, format: "plain", tail: 25, intervalMs: 10_000 },
    random: () => 0,
    breakOff: () => {},
    suspend: () => {},
    display: {
      size: { columns: 100, rows: 24 },
      show: (shown) => {
        lines = shown.map(plainText)
      },
      forget: () => {},
    },
  })
  return {
    ...{ clock, dashboard },
    reads: () => count,
    text: () => lines.join("\n"),
    fail: (next: Error | undefined) => {
      error = next
    },
  }
}

const none = { count: 0, exact: true }
const spread = spreadOf(emptyHistogram)

const figures: Figures = {
  readAt: new Date(0),
  depth: { queued: none, deferred: none, picked: none, failed: none },
  oldestWaitMs: null,
  endedPerSecond: 0,
  lastHour: { ended: 0, errors: 0, retried: 0 },
  lastMinute: { run: spread, wait: spread },
  trends: { ended: [1, 2], queued: [null, 3], oldestWaitMs: [] },
  entrypoints: [],
  workers: [],
}

const model: Model = {
  ...{ state: firstState, figures, rows: [], job: undefined, trouble: undefined, now: 0 },
  ...{ intervalMs: 10_000, tail: 25, format: "plain", place: "shop on db", unicode: true },
}

function group(entrypoint: string, age = 0): RecentGroup {
  return {
    ...{ entrypoint, priority: 0, status: "queued", count: 1, complete: true, waitMs: 0, hasEnded: false, ids: ["1"] },
    createdAt: new Date(1_900_000_000_000 - age * 1_000),
  }
}
