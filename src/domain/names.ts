import { PgQueuerError } from "./errors.js"
import { show } from "./options.js"

/** Where the tables are: a schema, and a prefix before every name in it. */
export interface Placement {
  readonly schema: string
  readonly prefix: string
}

export const defaultPlacement: Placement = { schema: "pgqueuer", prefix: "" }

/** PostgreSQL cuts names at 63 bytes; the longest of ours after a prefix has 24. */
const longest = { schema: 48, prefix: 32 }

/** Words that PostgreSQL understands only in quotes (its reserved key words); whoever types them in psql would be surprised. */
const reserved = new Set(
  (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column " +
    "concurrently constraint create cross current_catalog current_date current_role current_schema current_time " +
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from " +
    "full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime " +
    "localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right " +
    "select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using " +
    "variadic verbose when where window with"
  ).split(" "),
)

/**
 * Schema and prefix, checked. Both are lower-case letters, digits and underscores, not starting with a digit.
 *
 * @throws PgQueuerError `PGQ_NAME_INVALID`
 */
export function checkPlacement(given: { readonly schema?: unknown; readonly prefix?: unknown }): Placement {
  const { schema = defaultPlacement.schema, prefix = defaultPlacement.prefix } = given
  checkName("schema", schema, longest.schema)
  if (prefix !== "") checkName("prefix", prefix, longest.prefix)
  return { schema: schema as string, prefix: prefix as string }
}

/**
 * An entrypoint's name, checked: 1 to 255 bytes of UTF-8 without a NUL.
 *
 * @throws PgQueuerError `PGQ_NAME_INVALID`
 */
export function checkEntrypoint(name: unknown): asserts name is string {
  if (!isName(name)) throw notAName(name, "an entrypoint")
}

/**
 * A schedule's name, checked: 1 to 255 bytes of UTF-8 without a NUL.
 *
 * @throws PgQueuerError `PGQ_NAME_INVALID`
 */
export function checkScheduleName(name: unknown): asserts name is string {
  if (!isName(name)) throw notAName(name, "a schedule")
}

/** Whether it can name an entrypoint or be a dedupe key: 1 to 255 bytes of UTF-8 without a NUL. */
export function isName(name: unknown): name is string {
  if (typeof name !== "string") return false
  if (plainName.test(name)) return true
  return name !== "" && Buffer.byteLength(name) <= 255 && !name.includes("\0") && name.isWellFormed()
}

function notAName(name: unknown, of: string): PgQueuerError {
  return new PgQueuerError("PGQ_NAME_INVALID", `${show(name)} is not the name of ${of}`, {
    remedy: "Give a string of 1 to 255 bytes without NUL characters.",
  })
}

const plainName = /^[\x20-\x7e]{1,255}$/

function checkName(what: "schema" | "prefix", name: unknown, most: number): void {
  const fits = typeof name === "string" && /^[a-z_][a-z0-9_]*$/.test(name) && name.length <= most
  if (fits && !(what === "schema" && (reserved.has(name) || name.startsWith("pg_")))) return
  throw new PgQueuerError("PGQ_NAME_INVALID", `${show(name)} cannot be used as a ${what}`, {
    remedy: `Use 1 to ${most} lower-case letters, digits and underscores, not starting with a digit, and no word that PostgreSQL reserves.`,
  })
}
