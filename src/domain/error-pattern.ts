/** What errors of one kind have in common: the first line, at most 300 characters, with `#` for numbers and ids. */
export function errorPattern(error: string): string {
  return error
    .split("\n", 1)[0]!
    .slice(0, 300)
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, "#")
    .replace(/\d+/g, "#")
}
