import { PgQueuerError } from "../../domain/errors.js"
import { decodeArray } from "./array-literal.js"

/** Turns PostgreSQL's text of one value, never NULL, into the value that the driver port promises. */
export type ColumnDecoder = (text: string) => unknown

/** How the columns of a type are read, by the OID of the type; all that the port does not name stays text. */
export function columnDecoder(typeOid: number): ColumnDecoder {
  return decoders.get(typeOid) ?? asText
}

/** The same as a record, for clients that want one: only the types that become something else than text. */
export function columnDecoders(): Record<number, ColumnDecoder> {
  return Object.fromEntries(decoders)
}

const asText = (text: string) => text
const asNumber = (text: string) => Number(text)

// OIDs of built-in types never change: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
const decoders: ReadonlyMap<number, ColumnDecoder> = new Map<number, ColumnDecoder>([
  [16, (text) => text === "t"], // bool
  [17, decodeBytes], // bytea
  [21, asNumber], // int2
  [23, asNumber], // int4
  [26, asNumber], // oid
  [700, asNumber], // float4
  [701, asNumber], // float8
  [114, JSON.parse], // json
  [3802, JSON.parse], // jsonb
  [1184, decodeTime], // timestamptz
  [1005, (text) => decodeArray(text, asNumber)], // int2[]
  [1007, (text) => decodeArray(text, asNumber)], // int4[]
  [1016, (text) => decodeArray(text, asText)], // int8[]
  [1009, (text) => decodeArray(text, asText)], // text[]
])

function decodeBytes(text: string): Uint8Array {
  return text.startsWith("\\x") ? Buffer.from(text.slice(2), "hex") : decodeEscapedBytes(text)
}

// The form that a server with `bytea_output = escape` sends: backslashes doubled, other bytes as themselves or `\ooo`.
function decodeEscapedBytes(text: string): Uint8Array {
  const plain = text.replace(/\\(\\|[0-7]{3})/g, (_, escaped: string) =>
    escaped === "\\" ? "\\" : String.fromCharCode(Number.parseInt(escaped, 8)),
  )
  return Buffer.from(plain, "latin1")
}

const timePattern =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/

/** The ends of what a `Date` can hold stand for PostgreSQL's `infinity`. */
const lastTimeMs = 8.64e15

// V8 reads the usual form of our times by itself, at a third of the price, and gives NaN for what it does not know.
// Early years it would misunderstand, and BC.
function decodeTime(text: string): Date {
  const isUsual = (text[0] === "2" || text[0] === "1") && text[4] === "-" && !text.endsWith("C")
  const time = isUsual ? new Date(text) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? decodeAnyTime(text) : time
}

function decodeAnyTime(text: string): Date {
  const match = timePattern.exec(text)
  if (match === null) return decodeOddTime(text)
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHours, zoneMinutes, zoneSeconds, era] = match
  const time = new Date(0)
  time.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  const milliseconds = fraction === undefined ? 0 : Number(fraction.padEnd(3, "0").slice(0, 3))
  time.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds)
  const zoneMs = Number(zoneHours) * 3_600_000 + Number(zoneMinutes ?? 0) * 60_000 + Number(zoneSeconds ?? 0) * 1_000
  return zoneMs === 0 ? time : new Date(time.getTime() + (sign === "+" ? -zoneMs : zoneMs))
}

function decodeOddTime(text: string): Date {
  if (text === "infinity") return new Date(lastTimeMs)
  if (text === "-infinity") return new Date(-lastTimeMs)
  throw new PgQueuerError("PGQ_QUERY_FAILED", `The server writes times in a style that cannot be read: ${text}`, {
    remedy: "Remove the setting datestyle of this role or database, or set it to ISO.",
  })
}
