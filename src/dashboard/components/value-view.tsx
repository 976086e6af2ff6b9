import type { StoredText } from "../../ports/job-page-store.js"
import type { Redactor } from "../redactor.js"

interface ValueViewProps {
  readonly value: StoredText | Uint8Array
  readonly redactor: Redactor
  /** Where all of it is to be had, for one that is cut. */
  readonly whole: string
}

/** So much of a value is shown at once. */
export const shownCharacters = 8_000
const shownBytes = 1_024

/** A payload, a result or the like: JSON in lines, bytes as a table; the beginning of a long one. */
export function ValueView({ value, redactor, whole }: ValueViewProps) {
  if (value instanceof Uint8Array) return <Bytes bytes={value} whole={whole} />
  const laidOut = redactor.json(value.text, 2)
  const isCut = laidOut.length > shownCharacters || value.text.length < value.length
  return (
    <div class="value">
      <pre class="json" tabindex={0}>
        <code>{colouredJson(isCut ? laidOut.slice(0, shownCharacters) : laidOut)}</code>
      </pre>
      {isCut ? (
        <p class="cut">
          The first {shownCharacters.toLocaleString("en")} characters; stored are {value.length.toLocaleString("en")}.{" "}
          <a href={whole}>Load all</a>
        </p>
      ) : null}
    </div>
  )
}

function Bytes({ bytes, whole }: { readonly bytes: Uint8Array; readonly whole: string }) {
  return (
    <div class="value">
      <pre class="hex" tabindex={0}>
        <code>{hexLines(bytes.subarray(0, shownBytes))}</code>
      </pre>
      <p class="cut">
        {bytes.byteLength > shownBytes ? `The first ${shownBytes.toLocaleString("en")} of ` : ""}
        {bytes.byteLength.toLocaleString("en")} bytes. <a href={whole}>Download</a>
      </p>
    </div>
  )
}

/** Sixteen bytes a line: where they begin, each in two digits, and as text where they are. */
export function hexLines(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let from = 0; from < bytes.length; from += 16) {
    const line = [...bytes.subarray(from, from + 16)]
    const digits = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("")
    lines.push(`${from.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${text}`)
  }
  return lines.join("\n")
}

const token = /("(?:[^"\\]|\\.)*"?)(\s*:)?|\b(true|false|null)\b|(-?\d[\d.eE+-]*)/g

/** Names, texts, numbers and words of JSON, each in a colour of its own. */
function colouredJson(text: string) {
  const parts: unknown[] = []
  let from = 0
  for (const match of text.matchAll(token)) {
    const [whole, quoted, colon, word] = match
    parts.push(text.slice(from, match.index))
    const kind = quoted === undefined ? (word === undefined ? "n" : "w") : colon === undefined ? "s" : "k"
    parts.push(<span class={`j-${kind}`}>{quoted ?? whole}</span>, colon ?? "")
    from = match.index + whole.length
  }
  return [...parts, text.slice(from)] as never
}
