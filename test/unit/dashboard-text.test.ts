import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { clockText, depthText, rateText, shareText } from "../../src/cli/dashboard/figure-text.js"
import { sparkline } from "../../src/cli/dashboard/sparkline.js"
import { cut, cutLine, filled, lineWidth, plainText, spread, widthOf, wrapped } from "../../src/cli/dashboard/text.js"
import { oneLine } from "../../src/cli/terminal.js"

/** Everything that could steer a terminal: C0 and C1 controls, format characters, line and paragraph separators, lone surrogates. */
const steering = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

const anyText = fc.string({ unit: "binary", maxLength: 60 })

describe("text from the database", () => {
  it.each([
    ["\u001b[2J", "\\u001b[2J"],
    ["a\nb\tc", "a\\nb\\tc"],
    ["\u009b31m", "\\u009b31m"],
    ["\u007f", "\\u007f"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
    ["a\u200bb\u2028c", "a\\u200bb\\u2028c"],
    ["\ud800", "\\ud800"],
    ["\u{e0041}", "\\u{e0041}"],
    ["żółw 日本語 👍", "żółw 日本語 👍"],
  ])("spells out what could steer a terminal: %j", (text, shown) => {
    expect(oneLine(text)).toBe(shown)
  })

  it("never leaves anything that could steer a terminal, and changes nothing the second time", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(oneLine(text)).not.toMatch(steering)
        expect(oneLine(oneLine(text))).toBe(oneLine(text))
      }),
    )
  })
})

describe("the width of text", () => {
  it("counts wide characters as two columns and combining ones as none", () => {
    expect(["abc", "日本", "e\u0301", "👍"].map(widthOf)).toEqual([3, 4, 1, 2])
  })

  it("cuts before a character that would stick out", () => {
    expect([cut("日本語", 4), cut("日本語", 5), cut("abcdef", 4), cut("abc", 3), cut("abc", 0)]).toEqual([
      "日…",
      "日本…",
      "abc…",
      "abc",
      "",
    ])
  })

  it("fills and cuts to exactly the width that is asked for", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), fc.constantFrom("left", "right"), (text, width, align) => {
        expect(widthOf(filled(oneLine(text), width, align))).toBe(width)
      }),
    )
  })

  it("makes a line fit, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 5 }), fc.integer({ min: 0, max: 40 }), (texts, width) => {
        const line = cutLine(
          texts.map((text) => ({ text })),
          width,
        )
        expect(lineWidth(line)).toBeLessThanOrEqual(width)
        expect(plainText(line)).not.toMatch(steering)
      }),
    )
  })

  it("breaks long text at spaces, and anywhere where there are none", () => {
    expect(wrapped("the quick brown fox", 10)).toEqual(["the quick", "brown fox"])
    expect(wrapped("abcdefghijkl\nm", 8)).toEqual(["abcdefgh", "ijkl", "m"])
    fc.assert(
      fc.property(anyText, fc.integer({ min: 8, max: 30 }), (text, width) => {
        for (const line of wrapped(text, width)) expect(widthOf(line)).toBeLessThanOrEqual(width)
      }),
    )
  })

  it("gives up what stands right where both sides do not fit", () => {
    expect(plainText(spread([{ text: "left" }], [{ text: "right" }], 12))).toBe("left   right")
    expect(plainText(spread([{ text: "left" }], [{ text: "right" }], 9))).toBe("left")
  })
})

describe("figures", () => {
  it("shows lengths of time as hours, minutes and seconds", () => {
    expect([0, 999, 61_000, 3_600_000, 360_000_000, -5, null].map(clockText)).toEqual([
      ...["00:00:00", "00:00:00", "00:01:01", "01:00:00", "100:00:00", "00:00:00", ""],
    ])
  })

  it("shows rates with the digits that matter", () => {
    expect([0, 0.0123, 0.5, 3.44, 99.96, 1234.5].map(rateText)).toEqual([
      ...["0/s", "0.012/s", "0.5/s", "3.4/s", "100.0/s", "1,235/s"],
    ])
  })

  it("never says none for some, or all for fewer", () => {
    expect([
      shareText(0, 10),
      shareText(1, 1_000_000),
      shareText(999, 1_000),
      shareText(5, 5),
      shareText(0, 0),
    ]).toEqual([...["0 %", "<0.1 %", "99 %", "100 %", "0 %"]])
  })

  it("says of an estimate that it is one", () => {
    expect([depthText({ count: 1234, exact: true }), depthText({ count: 1234, exact: false })]).toEqual([
      "1,234",
      "~1,200",
    ])
  })
})

describe("a sparkline", () => {
  it("draws the newest values, the highest of them full, and nothing where nothing is known", () => {
    expect(sparkline([1, 2, null, 4, 8, 0], 6, true)).toBe("▂▃ ▅█▁")
    expect(sparkline([100, 1, 2], 2, true)).toBe("▅█")
    expect(sparkline([5], 3, true)).toBe("  █")
    expect(sparkline([0, 0], 2, true)).toBe("▁▁")
    expect(sparkline([1, 2], 2, false)).toBe("+@")
  })

  it("is as wide as it is asked to be", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ min: 0, noNaN: true }))),
        fc.integer({ min: 0, max: 50 }),
        (values, width) => {
          expect(sparkline(values, width, true)).toHaveLength(width)
        },
      ),
    )
  })
})
