import { expect, it, vi } from "vitest"
import { Duty } from "../../src/app/worker/duty.js"
import { FakeClock, settle } from "../support/fake-clock.js"

function makeDuty(work: () => Promise<number>) {
  const clock = new FakeClock()
  const onFailure = vi.fn()
  return { clock, onFailure, duty: new Duty("test", { clock, random: () => 0, onFailure }, work) }
}

it("does the work at once, and again after the pause that the work asked for", async () => {
  const work = vi.fn(async () => 250)
  const { clock, duty } = makeDuty(work)
  duty.start()
  await clock.advance(0)
  expect(work).toHaveBeenCalledTimes(1)
  await clock.advance(249)
  expect(work).toHaveBeenCalledTimes(1)
  await clock.advance(1)
  expect(work).toHaveBeenCalledTimes(2)
})

it("waits to be poked when the work says Infinity", async () => {
  const work = vi.fn(async () => Number.POSITIVE_INFINITY)
  const { clock, duty } = makeDuty(work)
  duty.start()
  await clock.advance(1e9)
  expect(work).toHaveBeenCalledTimes(1)
  expect(clock.pauses).toEqual([])
  duty.poke()
  await settle()
  expect(work).toHaveBeenCalledTimes(2)
})

it("does the work once more after any number of pokes while it is being done", async () => {
  let finish = () => {}
  const work = vi.fn(() => new Promise<number>((resolve) => (finish = () => resolve(Number.POSITIVE_INFINITY))))
  const { duty } = makeDuty(work)
  duty.start()
  for (let n = 0; n < 5; n++) duty.poke()
  expect(work).toHaveBeenCalledTimes(1)
  finish()
  await settle()
  expect(work).toHaveBeenCalledTimes(2)
  finish()
  await settle()
  expect(work).toHaveBeenCalledTimes(2)
})

it("tries again with growing pauses after failures, up to 5 s, and reports each", async () => {
  const work = vi.fn(async () => {
    throw new Error("away")
  })
  const { clock, duty, onFailure } = makeDuty(work)
  duty.start()
  await clock.advance(60_000)
  const pauses = onFailure.mock.calls.map((call) => call[2])
  expect(pauses.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  expect(onFailure.mock.calls[0]!.slice(0, 2)).toEqual(["test", expect.objectContaining({ message: "away" })])
})

it("is not hurried by pokes while it recovers", async () => {
  const work = vi.fn(async () => {
    throw new Error("away")
  })
  const { clock, duty } = makeDuty(work)
  duty.start()
  await clock.advance(0)
  for (let n = 0; n < 10; n++) duty.poke()
  await clock.advance(99)
  expect(work).toHaveBeenCalledTimes(1)
  await clock.advance(1)
  expect(work).toHaveBeenCalledTimes(2)
})

it("starts with the shortest pause again after a success", async () => {
  let failing = true
  const { clock, duty, onFailure } = makeDuty(async () => {
    if (failing) throw new Error("away")
    return 1_000
  })
  duty.start()
  await clock.advance(300)
  failing = false
  await clock.advance(5_000)
  failing = true
  await clock.advance(1_000)
  expect(onFailure.mock.calls.map((call) => call[2]).at(-1)).toBeLessThanOrEqual(400)
})

it("never sets a timer for more than an hour: setTimeout would fire at once", async () => {
  const { clock, duty } = makeDuty(async () => 60 * 86_400_000)
  duty.start()
  await clock.advance(0)
  expect(clock.pauses).toEqual([3_600_000])
})

it("waits at its stop for the work under way, and does nothing afterwards", async () => {
  let finish = () => {}
  const work = vi.fn(() => new Promise<number>((resolve) => (finish = () => resolve(1))))
  const { clock, duty } = makeDuty(work)
  duty.start()
  const stopped = vi.fn()
  void duty.stop().then(stopped)
  await settle()
  expect(stopped).not.toHaveBeenCalled()
  finish()
  await settle()
  expect(stopped).toHaveBeenCalled()
  duty.poke()
  await clock.advance(10_000)
  expect(work).toHaveBeenCalledTimes(1)
})

it("is poked by a timer that can be taken back", async () => {
  const work = vi.fn(async () => Number.POSITIVE_INFINITY)
  const { clock, duty } = makeDuty(work)
  duty.start()
  duty.pokeIn(100).cancel()
  duty.pokeIn(200)
  await clock.advance(1_000)
  expect(work).toHaveBeenCalledTimes(2)
})
