import { PgQueuerError } from "./errors.js"
import { didYouMean, nearest, show } from "./options.js"

/** The six fields of a cron expression, read: which values fit, and whether the field is a plain `*`. */
export type CronFields = { readonly [F in FieldName]: CronField }

export interface CronField {
  readonly text: string
  /** Ascending, without repeats. Sunday is 0. */
  readonly values: readonly number[]
}

type FieldName = "second" | "minute" | "hour" | "day" | "month" | "weekday"

interface Field {
  readonly name: FieldName
  readonly title: string
  readonly least: number
  readonly most: number
  /** In the order of their values, from `least` on. */
  readonly names: readonly string[]
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

/** In the order in which they are written. */
const fields: readonly Field[] = [
  { name: "minute", title: "minute", least: 0, most: 59, names: [] },
  { name: "hour", title: "hour", least: 0, most: 23, names: [] },
  { name: "day", title: "day of month", least: 1, most: 31, names: [] },
  { name: "month", title: "month", least: 1, most: 12, names: months },
  { name: "weekday", title: "day of week", least: 0, most: 7, names: weekdays },
  { name: "second", title: "second", least: 0, most: 59, names: [] },
]

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
}

/**
 * The fields of an expression: five (minute, hour, day of month, month, day of week), six with the second last, or a nickname.
 *
 * @throws PgQueuerError `PGQ_SCHEDULE_INVALID`, the message names the field and the part of it
 */
export function parseCronFields(expression: string): CronFields {
  const parts = withoutNickname(expression).split(/\s+/)
  if (parts.length !== 5 && parts.length !== 6) throw wrongCount(expression, parts.length)
  const texts = parts.length === 5 ? [...parts, "0"] : parts
  const read = fields.map((field, position) => [field.name, parseField(expression, field, texts[position]!)])
  return Object.fromEntries(read) as CronFields
}

function withoutNickname(expression: string): string {
  const text = expression.trim()
  if (!text.startsWith("@")) return text
  const known = Object.keys(nicknames)
  const name = text.toLowerCase()
  if (Object.hasOwn(nicknames, name)) return nicknames[name]!
  const hint = didYouMean(nearest(name, known))
  throw invalid(expression, `${show(text)} is not known${hint}`, `Use one of ${known.join(", ")}, or five fields.`)
}

function parseField(expression: string, field: Field, text: string): CronField {
  const values = text.split(",").flatMap((part) => parsePart(expression, field, part))
  const days = field.name === "weekday" ? values.map((value) => value % 7) : values
  return { text, values: [...new Set(days)].sort((a, b) => a - b) }
}

function parsePart(expression: string, field: Field, part: string): readonly number[] {
  const [span, step, ...rest] = part.split("/")
  if (span === undefined || span === "" || rest.length > 0) throw unreadable(expression, field, part)
  const [first, last, ...more] = span === "*" ? [field.least, top(field)] : bounds(expression, field, span)
  if (first === undefined || more.length > 0) throw unreadable(expression, field, part)
  if (step === undefined) return every(first, last ?? first, 1)
  if (last === undefined) throw stepWithoutRange(expression, field, part, first)
  return every(first, last, parseStep(expression, field, step))
}

function bounds(expression: string, field: Field, span: string): readonly number[] {
  const ends = span.split("-").map((text) => parseValue(expression, field, text))
  if (field.name === "weekday" && ends.length === 2 && ends[1] === 0 && ends[0] !== 0) ends[1] = 7
  const [first, last] = ends
  if (first === undefined || last === undefined || first <= last) return ends
  throw invalid(
    expression,
    `${field.title} ${span} runs backwards`,
    `Write the smaller value first, or two ranges: ${first}-${top(field)},${field.least}-${last}.`,
  )
}

function parseValue(expression: string, field: Field, text: string): number {
  const named = field.names.indexOf(text.toLowerCase())
  if (named >= 0) return field.least + named
  if (!/^\d+$/.test(text)) throw unreadable(expression, field, text)
  const value = Number(text)
  if (value >= field.least && value <= field.most) return value
  throw invalid(expression, `${field.title} ${text} is out of range`, `${allowed(field)}.`)
}

function parseStep(expression: string, field: Field, text: string): number {
  const most = top(field) - field.least + 1
  const step = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (step >= 1 && step <= most) return step
  throw invalid(
    expression,
    `${field.title}: ${show(text)} is not a step`,
    `A step is a whole number from 1 to ${most} here.`,
  )
}

function every(first: number, last: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)
}

/** The highest value that has one name only: 7 is Sunday again. */
function top(field: Field): number {
  return field.name === "weekday" ? 6 : field.most
}

function wrongCount(expression: string, count: number): PgQueuerError {
  const has = expression.trim() === "" ? "is empty" : `has ${count} ${count === 1 ? "field" : "fields"}`
  const order = "minute, hour, day of month, month, day of week"
  return invalid(expression, `it ${has}`, `Give five fields (${order}), or six with the second last.`)
}

function unreadable(expression: string, field: Field, part: string): PgQueuerError {
  const problem = part === "" ? `${field.title} has an empty part` : `${field.title} ${show(part)} cannot be read`
  return invalid(expression, problem, `${allowed(field)}, *, ranges as 1-5, lists as 1,3 and steps as */2 or 1-5/2.`)
}

function stepWithoutRange(expression: string, field: Field, part: string, first: number): PgQueuerError {
  const step = part.slice(part.indexOf("/"))
  return invalid(
    expression,
    `${field.title} ${part} has a step without a range`,
    `Write ${first}-${top(field)}${step}, or */${step.slice(1)}.`,
  )
}

function allowed(field: Field): string {
  const named = field.names.length === 0 ? "" : ` or ${field.names[0]} to ${field.names.at(-1)}`
  const sunday = field.name === "weekday" ? " (0 and 7 are Sunday)" : ""
  return `The ${field.title} may be ${field.least} to ${field.most}${sunday}${named}`
}

function invalid(expression: string, problem: string, remedy: string): PgQueuerError {
  return new PgQueuerError("PGQ_SCHEDULE_INVALID", `cron expression ${show(expression)}: ${problem}`, { remedy })
}
