/**
 * PostgreSQL's text form of a one-dimensional array, `{"a","b",NULL}`, from the text of its elements.
 *
 * Every element is quoted, so a `NULL` that is text, an empty text, braces, commas and blanks stay what they are.
 */
export function encodeArray(elements: readonly (string | null)[]): string {
  if (elements.every(looksAlikeInJson)) return `{${JSON.stringify(elements).slice(1, -1)}}`
  return `{${elements.map(encodeElement).join(",")}}`
}

/**
 * The elements of PostgreSQL's text form of a one-dimensional array, as text.
 *
 * @param decode - turns the text of one element into its value; never called for NULL
 */
export function decodeArray<T>(literal: string, decode: (text: string) => T): (T | null)[] {
  const body = literal.slice(literal.indexOf("{") + 1, -1)
  if (body === "") return []
  return body.includes('"') ? decodeQuoted(body, decode) : decodePlain(body, decode)
}

// JSON and array literals escape quotes and backslashes alike, and JSON's native encoder is three times faster than
// replacing them here. They part at control characters and surrogates, where JSON writes `\n` and `\ud800`.
const partsFromJson = /[^ -\ud7ff\ue000-\uffff]/

function looksAlikeInJson(element: string | null): boolean {
  return element === null || !partsFromJson.test(element)
}

function encodeElement(element: string | null): string {
  return element === null ? "NULL" : `"${element.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

function decodePlain<T>(body: string, decode: (text: string) => T): (T | null)[] {
  return body.split(",").map((text) => (text === "NULL" ? null : decode(text)))
}

function decodeQuoted<T>(body: string, decode: (text: string) => T): (T | null)[] {
  const elements: (T | null)[] = []
  let at = 0
  while (at < body.length) {
    if (body[at] === '"') {
      const end = closingQuote(body, at + 1)
      elements.push(decode(unescapeElement(body.slice(at + 1, end))))
      at = end + 2
    } else {
      const comma = body.indexOf(",", at)
      const end = comma === -1 ? body.length : comma
      const text = body.slice(at, end)
      elements.push(text === "NULL" ? null : decode(text))
      at = end + 1
    }
  }
  return elements
}

function closingQuote(body: string, from: number): number {
  let at = from
  while (body[at] !== '"') at += body[at] === "\\" ? 2 : 1
  return at
}

function unescapeElement(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\s\S])/g, "$1") : text
}
