import { PgQueuerError } from "../../domain/errors.js"
import type { Parameter } from "../../ports/driver.js"
import { encodeArray } from "./array-literal.js"

/**
 * A parameter as the text that PostgreSQL reads for a parameter of unknown type: the statement, not the client, says
 * what it is (`$1::bigint[]`). Bytes are `\x` and hex, times ISO 8601 in UTC.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID` for a `Date` that is no time, or a type that is no parameter
 */
export function parameterText(value: Parameter | undefined): string | null {
  return isArray(value) ? encodeArray(value.map(scalarText)) : scalarText(value)
}

/** As {@link parameterText}, but bytes stay bytes, for clients that send them in binary. */
export function parameterTextOrBytes(value: Parameter | undefined): string | Buffer | null {
  return value instanceof Uint8Array ? asBuffer(value) : parameterText(value)
}

type Scalar = Exclude<Parameter, readonly unknown[]>

function isArray(value: Parameter | undefined): value is readonly Scalar[] {
  return Array.isArray(value)
}

function scalarText(value: Scalar | undefined): string | null {
  switch (typeof value) {
    case "string":
      return value
    case "number":
    case "bigint":
    case "boolean":
      return String(value)
    case "undefined":
      return null
  }
  if (value === null) return null
  if (value instanceof Date) return timeText(value)
  if (value instanceof Uint8Array) return `\\x${asBuffer(value).toString("hex")}`
  throw new PgQueuerError("PGQ_OPTION_INVALID", "A parameter is neither text, number, boolean, time, bytes nor null", {
    remedy: "Pass JSON as text (JSON.stringify) and lists of one type as arrays.",
  })
}

function timeText(time: Date): string {
  if (Number.isNaN(time.getTime())) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "A parameter is a Date that holds no time", {
      remedy: "Check what the Date was made from.",
    })
  }
  const iso = time.toISOString()
  if (iso.startsWith("+")) return iso.replace(/^\+0*/, "")
  return iso.startsWith("-") ? beforeChrist(time, iso) : iso
}

// ISO 8601 has a year 0, PostgreSQL goes from 1 BC to 1 AD.
function beforeChrist(time: Date, iso: string): string {
  const year = String(1 - time.getUTCFullYear()).padStart(4, "0")
  return `${year}${iso.slice(iso.indexOf("-", 1))} BC`
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
