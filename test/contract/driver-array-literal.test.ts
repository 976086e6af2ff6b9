import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decodeArray, encodeArray } from "../../src/adapters/drivers/array-literal.js"

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom('"', "\\", ",", "{", "}", " ", "\n", "N", "U", "L", "\u0001", "\ud800", "é") }),
)

describe("array literals", () => {
  test("come back as they went, whatever the texts hold", () => {
    fc.assert(
      fc.property(fc.array(fc.option(anyText)), (texts) => {
        // JSON writes null in lower case, PostgreSQL in upper case; the server reads both and writes the latter.
        const literal = encodeArray(texts).replaceAll(/(?<=^\{|,)null(?=,|\}$)/g, "NULL")
        const isAmbiguous = texts.some((text) => text !== null && /(^|,)null(,|$)/.test(text))
        fc.pre(!isAmbiguous)
        expect(decodeArray(literal, String)).toEqual(texts)
      }),
    )
  })

  test("are read with bounds, without quotes, and empty", () => {
    expect(decodeArray("[0:1]={1,2}", Number)).toEqual([1, 2])
    expect(decodeArray('{a,NULL,"NULL",b}', String)).toEqual(["a", null, "NULL", "b"])
    expect(decodeArray("{}", String)).toEqual([])
  })
})
