import fc from "fast-check"
import { expect, it } from "vitest"
import { WaitingLine } from "../../src/app/worker/waiting-line.js"

const anyItem = fc.record({ rank: fc.integer({ min: -2, max: 2 }), seq: fc.nat(50) })

it("gives the highest priority first, then the oldest, whenever they came", () => {
  const step = fc.oneof(fc.array(anyItem, { maxLength: 8 }), fc.constant("shift" as const))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const line = new WaitingLine<{ rank: number; seq: number }>()
      const model: { rank: number; seq: number }[] = []
      for (const step of steps) {
        if (step === "shift") expect(line.shift()).toEqual(model.shift())
        else {
          line.add(step)
          model.push(...step)
          model.sort((a, b) => a.rank - b.rank || a.seq - b.seq)
        }
        expect(line.size).toBe(model.length)
      }
      expect(line.clear()).toEqual(model)
      expect(line.size).toBe(0)
    }),
  )
})

it("leaves the array that it was given as it is", () => {
  const items = [
    { rank: 1, seq: 1 },
    { rank: 0, seq: 2 },
  ]
  new WaitingLine<{ rank: number; seq: number }>().add(items)
  expect(items[0]).toEqual({ rank: 1, seq: 1 })
})
