/** What is kept of an error, a traceback or a log line; more helps nobody. */
const mostBytes = 16_384

/** A text as PostgreSQL can store it: no NUL, no half characters, at most 16 KiB. */
export function storable(text: string): string {
  const clean = text.replaceAll("\0", "\ufffd").toWellFormed()
  if (Buffer.byteLength(clean) <= mostBytes) return clean
  return `${Buffer.from(clean)
    .subarray(0, mostBytes - 4)
    .toString("utf8")
    .replace(/\ufffd+$/, "")}…`
}
