import fc from "fast-check"
import { expect, it, vi } from "vitest"
import { mergeWakeUps, notifyWindowMs, WakeThrottle } from "../../src/app/wake-throttle.js"
import type { WakeUp } from "../../src/ports/job-store.js"
import { FakeClock } from "../support/fake-clock.js"

function makeThrottle(send = vi.fn(async (_: WakeUp) => {})) {
  const clock = new FakeClock()
  const onError = vi.fn()
  return { clock, send, onError, throttle: new WakeThrottle(clock, send, onError) }
}

it("lets the first of a window notify by itself, and sends one more for all the others at its end", async () => {
  const { clock, send, throttle } = makeThrottle()
  expect(throttle.admit()).toBe(true)
  for (const seq of ["30", "20", "40"]) {
    expect(throttle.admit()).toBe(false)
    throttle.withhold({ entrypoints: ["a"], seq, due: null })
  }
  await clock.advance(notifyWindowMs)
  expect(send.mock.calls).toEqual([[{ entrypoints: ["a"], seq: "20", due: null }]])
  await clock.advance(100)
  expect(send).toHaveBeenCalledTimes(1)
})

it("sends nothing at the end of a window in which nobody came", async () => {
  const { clock, send, throttle } = makeThrottle()
  throttle.admit()
  await clock.advance(1_000)
  expect(send).not.toHaveBeenCalled()
  expect(throttle.admit()).toBe(true)
})

it("opens a new window when it sends by itself", async () => {
  const { clock, throttle } = makeThrottle()
  throttle.admit()
  throttle.withhold({})
  await clock.advance(notifyWindowMs)
  expect(throttle.admit()).toBe(false)
})

it("notifies at most once a window, and never forgets a wake-up", async () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(arrivals, async (gaps) => {
      const sentAt: number[] = []
      const clock = new FakeClock()
      const throttle = new WakeThrottle(
        clock,
        async () => void sentAt.push(clock.monotonic()),
        () => {},
      )
      let lastWithheld = -1
      for (const gap of gaps) {
        await clock.advance(gap)
        if (throttle.admit()) sentAt.push(clock.monotonic())
        else {
          throttle.withhold({ entrypoints: ["a"], seq: "1", due: null })
          lastWithheld = clock.monotonic()
        }
      }
      await clock.advance(2 * notifyWindowMs)
      for (let n = 1; n < sentAt.length; n++) expect(sentAt[n]! - sentAt[n - 1]!).toBeGreaterThanOrEqual(notifyWindowMs)
      if (lastWithheld >= 0) expect(sentAt.at(-1)).toBeGreaterThanOrEqual(lastWithheld)
    }),
  )
})

it("reports a notification that could not be sent, and goes on", async () => {
  const failing = vi.fn(async () => {
    throw new Error("away")
  })
  const { clock, onError, throttle } = makeThrottle(failing)
  throttle.admit()
  throttle.withhold({})
  await clock.advance(10)
  expect(onError).toHaveBeenCalledTimes(1)
  await clock.advance(10)
  expect(throttle.admit()).toBe(true)
})

it("merges wake-ups into one that covers both", () => {
  const name = fc.constantFrom("a", "b", "c")
  const wakeUp = fc.record({
    entrypoints: fc.array(name, { minLength: 1 }),
    seq: fc.option(fc.nat(100).map(String)),
    due: fc.option(fc.nat(100)),
  })
  fc.assert(
    fc.property(wakeUp, wakeUp, (a, b) => {
      const merged = mergeWakeUps(a, b)
      for (const one of [a, b]) {
        for (const entrypoint of one.entrypoints) expect(merged.entrypoints).toContain(entrypoint)
        if (one.seq !== null) expect(Number(merged.seq)).toBeLessThanOrEqual(Number(one.seq))
        if (one.due !== null) expect(merged.due).toBeLessThanOrEqual(one.due)
      }
    }),
  )
})

it("speaks of everything when one of both does, or when the names become too many", () => {
  expect(mergeWakeUps({}, { entrypoints: ["a"], seq: "1", due: null })).toEqual({})
  const many = Array.from({ length: 16 }, (_, n) => `e${n}`)
  expect(mergeWakeUps({ entrypoints: many, seq: "1" }, { entrypoints: ["more"], seq: "1" })).toEqual({})
})
