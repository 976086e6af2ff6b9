import fc from "fast-check"
import { expect, it } from "vitest"
import { StartTimes } from "../../src/app/worker/start-times.js"

it("gives its times in order, each once", () => {
  const times = new StartTimes()
  times.add(100, 50, 2, 0)
  times.add(300, 50, 1, 0)
  expect(times.count(0, 20)).toBe(3)
  const given: (number | undefined)[] = []
  for (let now = 0; now < 400; now += 10) {
    const next = times.next(now, 20)
    if (next !== undefined && next <= now) {
      given.push(next)
      times.take()
    }
  }
  expect(given).toEqual([100, 150, 300])
  expect(times.next(400, 20)).toBeUndefined()
})

it("gives up times that it is too late for, sooner where the reply was slow", () => {
  const quick = new StartTimes()
  const slow = new StartTimes()
  quick.add(100, 5, 100, 0)
  slow.add(100, 5, 100, 20)
  expect(quick.next(200, 200)).toBe(165)
  expect(slow.next(200, 200)).toBe(185)
})

it("never lets more start in a second than the rate, one more, and 3 % above 20 a second", () => {
  const rate = fc.double({ min: 0.5, max: 400, noNaN: true })
  const delays = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(rate, delays, (perSecond, lateBy) => {
      const times = new StartTimes()
      times.add(0, 1_000 / perSecond, Math.ceil(perSecond * 5), 0)
      const starts: number[] = []
      for (let now = 0, turn = 0; now < 5_000; turn++) {
        const next = times.next(now, perSecond)
        if (next === undefined) break
        now = Math.max(now, next) + (lateBy[turn % lateBy.length]! > 150 ? lateBy[turn % lateBy.length]! : 0)
        const due = times.next(now, perSecond)
        if (due === undefined || due > now) continue
        times.take()
        starts.push(now)
      }
      const most = perSecond <= 20 ? Math.ceil(perSecond) + 1 : Math.ceil(perSecond * 1.03) + 1
      for (const from of starts) {
        expect(starts.filter((start) => start >= from && start < from + 1_000).length).toBeLessThanOrEqual(most)
      }
    }),
  )
})
