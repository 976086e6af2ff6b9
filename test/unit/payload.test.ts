import fc from "fast-check"
import { expect, it } from "vitest"
import { encodeHeaders, encodePayload } from "../../src/domain/payload.js"

it("gives any JSON value back as it was", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { json, bytes } = encodePayload(value)
      expect(bytes).toBeNull()
      expect(JSON.parse(json!)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 500 },
  )
})

it("keeps bytes as bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(encodePayload(bytes)).toEqual({ json: null, bytes })
      expect(encodePayload(Buffer.from(bytes)).bytes).toEqual(Buffer.from(bytes))
    }),
  )
})

it("tells null from none", () => {
  expect(encodePayload(null)).toEqual({ json: "null", bytes: null })
  expect(encodePayload(undefined)).toEqual({ json: null, bytes: null })
})

it("writes dates and others with toJSON as they want to be written", () => {
  expect(encodePayload({ at: new Date(0) }).json).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
})

it("leaves members out that are undefined", () => {
  expect(encodePayload({ a: undefined, b: 1 }).json).toBe('{"b":1}')
})

const circle: { self?: unknown } = {}
circle.self = circle

it.each([
  ["NaN", { a: [Number.NaN] }, "payload.a[0]"],
  ["Infinity", Number.POSITIVE_INFINITY, "payload"],
  ["BigInt", { n: 5n }, "payload.n"],
  ["a function", { f: () => 1 }, "payload.f"],
  ["a symbol", [Symbol("s")], "payload[0]"],
  ["undefined in an array", [1, undefined], "payload[1]"],
  ["a hole in an array", Object.assign([1], { length: 3 }), "payload[1]"],
  ["a Map", { m: new Map() }, "payload.m"],
  ["a Set", new Set(), "payload"],
  ["bytes inside JSON", { b: new Uint8Array(1) }, "payload.b"],
  ["a circle", circle, "circular"],
  ["an invalid date", { at: new Date("no") }, "an invalid date at payload.at"],
])("refuses %s and says where it is", (_, payload, where) => {
  expect(() => encodePayload(payload)).toThrow(
    expect.objectContaining({ code: "PGQ_PAYLOAD_INVALID", message: expect.stringContaining(where) }),
  )
})

it("refuses what its own toJSON makes of it, where JSON cannot hold that", () => {
  expect(() => encodePayload({ toJSON: () => undefined })).toThrow(
    expect.objectContaining({ code: "PGQ_PAYLOAD_INVALID" }),
  )
  const endless = { toJSON: (): unknown => endless }
  expect(() => encodePayload(endless)).toThrow(expect.objectContaining({ code: "PGQ_PAYLOAD_INVALID" }))
})

it("keeps the error of a toJSON that throws as the cause", () => {
  const cause = new Error("no such field")
  const payload = {
    user: {
      toJSON() {
        throw cause
      },
    },
  }
  expect(() => encodePayload(payload)).toThrow(
    expect.objectContaining({
      code: "PGQ_PAYLOAD_INVALID",
      message: "the payload has a toJSON at payload.user that throws: no such field",
      cause,
    }),
  )
})

it("names both sizes when a payload is over the limit, counted in bytes", () => {
  expect(() => encodePayload("ä".repeat(50), 100)).toThrow(
    expect.objectContaining({ code: "PGQ_PAYLOAD_TOO_LARGE", message: "the payload has 102 bytes, the limit is 100" }),
  )
  expect(() => encodePayload(new Uint8Array(101), 100)).toThrow(/101 bytes, the limit is 100/)
  expect(() => encodePayload("ä".repeat(49), 100)).not.toThrow()
})

it("never lets more bytes through than the limit", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 200 }), (value, limit) => {
      try {
        expect(Buffer.byteLength(encodePayload(value, limit).json!)).toBeLessThanOrEqual(limit)
      } catch (error) {
        expect(error).toMatchObject({ code: "PGQ_PAYLOAD_TOO_LARGE" })
      }
    }),
  )
})

it("takes a plain object of at most 16 KiB as headers", () => {
  expect(encodeHeaders({ traceparent: "00" })).toBe('{"traceparent":"00"}')
  expect(encodeHeaders(undefined)).toBeNull()
  expect(() => encodeHeaders({ a: "x".repeat(16_384) })).toThrow(
    expect.objectContaining({ code: "PGQ_PAYLOAD_TOO_LARGE" }),
  )
})

it.each(["x", 5, [], true])("refuses %j as headers", (headers) => {
  expect(() => encodeHeaders(headers)).toThrow(expect.objectContaining({ code: "PGQ_PAYLOAD_INVALID" }))
})
