/** The beginning of a text as one line. */
export function inOneLine(text: string, most = 160): string {
  const line = text
    .slice(0, most + 1)
    .replace(/\s+/g, " ")
    .trim()
  return line.length > most || text.length > most ? `${line.slice(0, most)}…` : line
}
