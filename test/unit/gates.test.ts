import { expect, it } from "vitest"
import { Gates } from "../../src/app/worker/gates.js"
import type { LimitStore } from "../../src/ports/limit-store.js"
import { FakeClock } from "../support/fake-clock.js"

/** Time passes between any two looks at it, as it does in a busy process. */
class BusyClock extends FakeClock {
  readonly #stepMs: number
  #spent = 0

  constructor(stepMs: number) {
    super()
    this.#stepMs = stepMs
  }

  override monotonic(): number {
    this.#spent += this.#stepMs
    return super.monotonic() + this.#spent
  }
}

it.each([0, 0.4, 3, 4, 5, 6, 7])(
  "asks again for starts when told to, though %s ms pass between looks at the clock",
  async (stepMs) => {
    const clock = new BusyClock(stepMs)
    let asked = 0
    const lending = {
      entrypoint: "a",
      lease: "1",
      slots: 0,
      over: 0,
      starts: 0,
      firstInMs: 0,
      apartMs: 100,
      againInMs: 10,
    }
    const limits = {
      readRules: async () => ({
        rules: "1",
        all: [{ entrypoint: "a", concurrencyLimit: null, requestsPerSecond: 10, paused: false }],
      }),
      leaseSlots: async () => {
        asked++
        return [asked > 50 ? { ...lending, againInMs: 1e6 } : lending]
      },
      renewLeases: async () => [],
    } satisfies Partial<LimitStore>
    const gates = new Gates({
      clock,
      duties: { clock, random: () => 0.5, onFailure: (duty, error) => expect.unreachable(`${duty}: ${error}`) },
      entrypoints: ["a"],
      use: (work) => work(limits as unknown as LimitStore),
      workerId: () => "1",
      findClaims: async () => [],
      capacity: () => ({ now: 10, ahead: 0, full: false }),
      whileQuiet: (work) => work(),
      onRoom() {},
      onRoomApart() {},
      onDue() {},
      onUnlimited() {},
      onRules() {},
    })
    await gates.open()
    gates.start()
    await clock.advance(1_000)
    expect(asked).toBeGreaterThan(50)
    await gates.stop()
  },
)
