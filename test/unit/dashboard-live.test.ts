import { expect, test } from "vitest"
import { LiveHub, type LiveState } from "../../src/dashboard/live/live-hub.js"
import { Readings } from "../../src/dashboard/readings/readings.js"
import { FakeClock } from "../support/fake-clock.js"

test("reads once for all who look at the same, and not at all when nobody does", async () => {
  const clock = new FakeClock()
  const hub = new LiveHub(clock)
  let reads = 0
  const seen: LiveState[][] = [[], []]
  const leave = seen.map((states) =>
    hub.watch(
      "/jobs?",
      async () => ++reads,
      (state) => states.push(state),
    ),
  )
  await clock.advance(2_000)
  await clock.advance(2_000)
  expect(seen).toEqual(Array(2).fill([1, 2].map((data) => ({ kind: "read", data }))))
  leave[0]!()
  await clock.advance(2_000)
  expect(seen.map(({ length }) => length)).toEqual([2, 3])
  leave[1]!()
  await clock.advance(10_000)
  expect(reads).toBe(3)
})

test("tells of a failed reading, goes on, and says when nothing comes any more", async () => {
  const clock = new FakeClock()
  const hub = new LiveHub(clock)
  const seen: string[] = []
  let reads = 0
  const read = async () => {
    if (++reads === 1) throw new Error("away")
  }
  hub.watch("/", read, ({ kind }) => seen.push(kind))
  await clock.advance(2_000)
  await clock.advance(2_000)
  hub.close()
  await clock.advance(10_000)
  expect(seen).toEqual(["failed", "read", "closed"])
})

test("gives a reading to all who ask within fifty times as long as it took, and a failure to nobody later", async () => {
  const clock = new FakeClock()
  const readings = new Readings(clock)
  let reads = 0
  const slow = () =>
    readings.share("depth", async () => {
      reads++
      await new Promise<void>((resolve) => clock.after(100, resolve))
      return reads
    })
  const both = Promise.all([slow(), slow()])
  await clock.advance(100)
  expect(await both).toEqual([1, 1])
  await clock.advance(4_999)
  expect(await slow()).toBe(1)
  await clock.advance(2)
  const next = slow()
  await clock.advance(100)
  expect(await next).toBe(2)
  const failing = () => readings.share("broken", () => Promise.reject(new Error(`failed ${++reads}`)))
  await expect(failing()).rejects.toThrow("failed 3")
  await expect(failing()).rejects.toThrow("failed 4")
})
