import type { StandardSchemaV1 } from "@standard-schema/spec"
import { type ErrorCode, PgQueuerError, type SchemaIssue } from "./errors.js"
import { type Check, show } from "./options.js"

/** A validator of any library that follows Standard Schema, such as zod, valibot and arktype. `In` is what it takes, `Out` what it makes of it. */
export type Schema<In = unknown, Out = In> = StandardSchemaV1<In, Out>

/** More would fill an error that has room for 16 KiB with repetitions; the error's `issues` have them all. */
const mostIssuesShown = 5

/**
 * What the schema makes of a value. What the validator itself throws passes through.
 *
 * @param what - the value in words, such as `the payload of "email"`
 * @throws PgQueuerError of the given code, with the validator's issues
 */
export async function parseWith<Out>(
  schema: Schema<unknown, Out>,
  value: unknown,
  code: ErrorCode,
  what: string,
): Promise<Out> {
  const result = await schema["~standard"].validate(value)
  if (!result.issues) return result.value
  const issues = result.issues.map(asIssue)
  throw new PgQueuerError(code, `${what} does not fit its schema: ${textOf(issues)}`, {
    remedy: "Correct the value or the schema; a value is checked in the form that JSON gives it.",
    issues,
  })
}

/** For the check of options. */
export const aSchema: Check = (value) =>
  isSchema(value) ? undefined : `must be a Standard Schema, such as one of zod, valibot or arktype, not ${show(value)}`

/** A validator may be a function, too. */
function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false
  const standard: unknown = (value as { readonly "~standard"?: unknown })["~standard"]
  return typeof standard === "object" && standard !== null && "validate" in standard
}

function asIssue({ message, path = [] }: StandardSchemaV1.Issue): SchemaIssue {
  // A library may give an array of a kind of its own, whose map makes such a one again.
  return { message, path: Array.from(path, (part) => (typeof part === "object" ? part.key : part)) }
}

function textOf(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, mostIssuesShown).map(({ message, path }) => {
    const text = message.length > 300 ? `${message.slice(0, 300)}…` : message
    return path.length === 0 ? text : `${pathText(path)}: ${text}`
  })
  const rest = issues.length - shown.length
  return shown.join("; ") + (rest > 0 ? `; and ${rest} more` : "")
}

/** As one would write it in code: `lines[2].price`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`
      return index === 0 ? String(key) : `.${String(key)}`
    })
    .join("")
}
