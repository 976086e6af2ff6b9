import { maxHeadersBytes } from "../../domain/payload.js"

type Headers = Readonly<Record<string, unknown>>

/** The headers as an object; undefined for none, and for what is no object. */
export function parseHeaders(json: string | null): Headers | undefined {
  if (json === null) return undefined
  const headers: unknown = JSON.parse(json)
  return typeof headers === "object" && headers !== null && !Array.isArray(headers) ? (headers as Headers) : undefined
}

/**
 * Adds headers to those of a job, as JSON text. A job that brings a trace context of its own keeps that alone, and nothing that was
 * given is ever replaced or made too long: without room for all, the baggage stays away, then the rest.
 *
 * @param added - the same for all jobs of a call
 */
export function withTraceHeaders(added: Readonly<Record<string, string>>) {
  const { baggage: _, ...context } = added
  const names = Object.keys(context)
  const choices = [added, context].map((headers) => ({ headers, json: JSON.stringify(headers) }))
  const alone = choices.find(({ json }) => fits(json))?.json ?? null
  const nothing = Object.keys(added).length === 0
  return (json: string | null, given: Headers | undefined): string | null => {
    if (nothing) return json
    if (json === null) return alone
    if (given === undefined || names.some((name) => Object.hasOwn(given, name))) return json
    for (const { headers } of choices) {
      const merged = JSON.stringify({ ...headers, ...given })
      if (fits(merged)) return merged
    }
    return json
  }
}

function fits(json: string): boolean {
  return Buffer.byteLength(json) <= maxHeadersBytes
}
