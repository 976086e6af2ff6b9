import { PgQueuerError } from "./errors.js"

/** A payload in the two forms that the database keeps; neither means that the job has none. */
export interface EncodedPayload {
  readonly json: string | null
  readonly bytes: Uint8Array | null
}

const noPayload: EncodedPayload = { json: null, bytes: null }

/** 1 MiB: bigger things belong in storage made for them, with their name in the payload. */
export const defaultMaxPayloadBytes = 1_048_576

/** PostgreSQL could hold more, but nobody would want to wait for it. */
export const largestPayloadLimit = 256 * 1_048_576

export const maxHeadersBytes = 16_384
const maxProgressBytes = 16_384

/** Deeper than that is a circle, or is refused by PostgreSQL's own parser. */
const maxDepth = 1_000

/**
 * A payload as it is stored: bytes as they are, `undefined` as none, all else as JSON.
 *
 * @throws PgQueuerError `PGQ_PAYLOAD_INVALID` for what JSON would lose or refuse (NaN, Infinity, functions, symbols, BigInt, circles,
 * Map, Set, undefined in arrays), `PGQ_PAYLOAD_TOO_LARGE` with both sizes
 */
export function encodePayload(payload: unknown, maxBytes: number = defaultMaxPayloadBytes): EncodedPayload {
  if (payload === undefined) return noPayload
  if (payload instanceof Uint8Array) {
    checkSize("payload", payload.byteLength, maxBytes)
    return { json: null, bytes: payload }
  }
  return { json: encodeJson("payload", payload, maxBytes), bytes: null }
}

/**
 * What a handler returned, as JSON text; undefined for nothing.
 *
 * @throws PgQueuerError `PGQ_RESULT_INVALID` for what JSON would lose or refuse (bytes too), or over the limit
 */
export function encodeResult(result: unknown, maxBytes: number): string | undefined {
  if (result === undefined) return undefined
  try {
    return encodeJson("result", result, maxBytes)
  } catch (cause) {
    throw new PgQueuerError(
      "PGQ_RESULT_INVALID",
      cause instanceof Error ? cause.message : "the result cannot be read",
      {
        remedy: "Return plain JSON of no more than maxPayloadBytes, or nothing.",
        cause,
      },
    )
  }
}

/** Headers as JSON: a plain object of at most 16 KiB. */
export function encodeHeaders(headers: unknown): string | null {
  if (headers === undefined || headers === null) return null
  if (typeof headers !== "object" || Array.isArray(headers)) throw invalid("headers", "are not an object")
  return encodeJson("headers", headers, maxHeadersBytes)
}

/**
 * How far a job is, as JSON text: any JSON value of at most 16 KiB.
 *
 * @throws PgQueuerError `PGQ_PAYLOAD_INVALID` for what JSON would lose or refuse, `PGQ_PAYLOAD_TOO_LARGE` with both sizes
 */
export function encodeProgress(value: unknown): string {
  return encodeJson("progress", value, maxProgressBytes)
}

function encodeJson(what: string, value: unknown, maxBytes: number): string {
  checkJson(what, value, what, 0)
  const json = JSON.stringify(value)
  if (json.length * 3 > maxBytes) checkSize(what, Buffer.byteLength(json), maxBytes)
  return json
}

function checkJson(what: string, value: unknown, path: string, depth: number): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unfit(what, `${value}`, path)
    return
  }
  if (typeof value !== "object") throw unfit(what, value === undefined ? "undefined" : `a ${typeof value}`, path)
  if (depth > maxDepth)
    throw invalid(what, `${what === "headers" ? "are" : "is"} circular, or nested more than ${maxDepth} deep`)
  if (value instanceof Date && Number.isNaN(value.getTime())) throw unfit(what, "an invalid date", path)
  if (hasToJson(value)) {
    checkJson(what, toJson(what, value, path), path, depth + 1)
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) checkJson(what, value[index], `${path}[${index}]`, depth + 1)
  } else {
    checkMembers(what, value, path, depth)
  }
}

function checkMembers(what: string, value: object, path: string, depth: number): void {
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw invalid(what, `${has(what)} a ${value.constructor.name} at ${path}, which JSON would lose`)
  }
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) checkJson(what, member, `${path}.${key}`, depth + 1)
  }
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function"
}

function toJson(what: string, value: { toJSON(key: string): unknown }, path: string): unknown {
  try {
    return value.toJSON("")
  } catch (cause) {
    throw invalid(what, `${has(what)} a toJSON at ${path} that throws: ${messageOf(cause)}`, cause)
  }
}

function checkSize(what: string, bytes: number, most: number): void {
  if (bytes <= most) return
  throw new PgQueuerError("PGQ_PAYLOAD_TOO_LARGE", `the ${what} ${has(what)} ${bytes} bytes, the limit is ${most}`, {
    remedy: "Keep the data elsewhere and enqueue its key, or raise maxPayloadBytes.",
  })
}

function unfit(what: string, thing: string, path: string): PgQueuerError {
  return invalid(what, `${has(what)} ${thing} at ${path}, which JSON cannot hold`)
}

function has(what: string): string {
  return what === "headers" ? "have" : "has"
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function invalid(what: string, problem: string, cause?: unknown): PgQueuerError {
  return new PgQueuerError("PGQ_PAYLOAD_INVALID", `the ${what} ${problem}`, {
    remedy: "Give plain JSON values (null, booleans, finite numbers, strings, arrays, objects) or bytes (Uint8Array).",
    ...(cause === undefined ? {} : { cause }),
  })
}
