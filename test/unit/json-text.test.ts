import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { layOutJson } from "../../src/dashboard/json-text.js"
import { makeRedactor } from "../../src/dashboard/redactor.js"

describe("JSON that is laid out anew", () => {
  it("looks as JSON.stringify lays it out, in lines and in one", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(layOutJson(text, { indent: 2 })).toBe(JSON.stringify(value, null, 2))
        expect(layOutJson(JSON.stringify(value, null, 3), { indent: 0 })).toBe(text)
      }),
    )
  })

  it("hides the same as is hidden of a value that was read", () => {
    const key = fc.constantFrom("password", "Password", "user", "card", "a", "")
    const { value: tree } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(1, "x", null, true, 'a,{["\\]}:'),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      ),
    }))
    const redactor = makeRedactor(["password", "user.card"])
    fc.assert(
      fc.property(tree, (value) => {
        expect(redactor.json(JSON.stringify(value), 2)).toBe(JSON.stringify(redactor.value(value), null, 2))
      }),
    )
  })

  it("keeps digits, keys that come twice, and the way numbers are written", () => {
    const text = '{"id":12345678901234567890123,"id":1.10,"e":1E+400,"s":"\\u0000"}'
    expect(layOutJson(text, { indent: 0 })).toBe(text)
  })

  it("lays out what is cut off as far as it goes, and shows nothing of what is hidden there", () => {
    const redactor = makeRedactor(["password"])
    const text = '{"a":[1,{"password":{"x":["secret"]}},"tail"],"password":"secret"}'
    for (let length = 0; length <= text.length; length++) {
      expect(redactor.json(text.slice(0, length), 2)).not.toContain("sec")
    }
  })
})
