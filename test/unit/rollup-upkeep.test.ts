import { expect, it } from "vitest"
import { RollupUpkeep } from "../../src/app/worker/rollup-upkeep.js"
import type { RollupUpkeepStore } from "../../src/ports/rollup-store.js"
import { FakeClock, settle } from "../support/fake-clock.js"

it("goes on at once, and keeps the turn, while a merge finds as many entries as it takes", async () => {
  const { clock, keeps, start } = makeUpkeep(25_000)
  start()
  await clock.advance(10)
  expect(keeps).toEqual([false, true, true])
  await clock.advance(6_000)
  expect(keeps).toEqual([false, true, true, false])
})

it("looks at an empty table once in 15 seconds", async () => {
  const { clock, keeps, start } = makeUpkeep(0)
  start()
  await clock.advance(44_000)
  expect(keeps).toEqual([false, false, false])
})

it("stops in the middle of many entries", async () => {
  const { clock, keeps, start, upkeep } = makeUpkeep(Number.POSITIVE_INFINITY)
  start()
  await settle()
  await upkeep.stop()
  const before = keeps.length
  await clock.advance(60_000)
  expect(keeps).toHaveLength(before)
})

/** @param entries - so many are waiting to be summed up */
function makeUpkeep(entries: number) {
  const clock = new FakeClock()
  const keeps: boolean[] = []
  let rest = entries
  const store: RollupUpkeepStore = {
    async mergeRollups(_turnMs, atMost, keep) {
      keeps.push(keep)
      const taken = Math.min(rest, atMost)
      rest -= taken
      return { taken: true, entries: taken }
    },
    takeTurn: async () => false,
    readDepth: async () => ({ entrypoints: [], others: 0, exact: true }),
    readTableSizes: async () => [],
    writeSamples: async () => {},
    pruneRollups: async () => {},
  }
  const onFailure = (_duty: string, error: unknown) => expect.fail(String(error))
  const upkeep = new RollupUpkeep({ duties: { clock, random: () => 0, onFailure }, store })
  return { clock, keeps, upkeep, start: () => upkeep.start() }
}
