export interface JsonTextOptions {
  /** Spaces for each level; 0: all in one line. */
  readonly indent: number
  readonly hidden?: {
    /** Whether the value at the end of these keys, in lower case, is hidden. Places in arrays are no keys. */
    readonly matches: (keys: readonly string[]) => boolean
    /** What stands in its place. */
    readonly text: string
  }
}

/** A string, also one that is cut off; a bracket, comma or colon; a number or word. */
const tokens = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs

/**
 * JSON laid out anew without being read: every number keeps its digits, every key its place, also where there are two of a name. What is
 * cut off is laid out as far as it goes.
 */
export function layOutJson(text: string, options: JsonTextOptions): string {
  const layout = new Layout(options)
  for (const [token] of text.matchAll(tokens)) layout.take(token)
  return layout.text
}

interface Level {
  readonly isObject: boolean
  isEmpty: boolean
  /** The key whose value comes next or is being read. */
  key: string | undefined
}

class Layout {
  text = ""
  readonly #indent: number
  readonly #hidden: JsonTextOptions["hidden"]
  readonly #levels: Level[] = []
  #isKeyNext = false
  /** Brackets that are open within a hidden value. */
  #hiddenDepth = 0

  constructor({ indent, hidden }: JsonTextOptions) {
    this.#indent = indent
    this.#hidden = hidden
  }

  take(token: string): void {
    const opens = token === "{" || token === "["
    const closes = token === "}" || token === "]"
    if (this.#hiddenDepth > 0) this.#hiddenDepth += opens ? 1 : closes ? -1 : 0
    else if (token === ",") this.#separate()
    else if (token === ":") this.text += this.#indent > 0 ? ": " : ":"
    else if (closes) this.#close(token)
    else if (this.#isKeyNext) this.#takeKey(token)
    else if (this.#isValueHidden()) this.#hide(opens)
    else this.#takeValue(token, opens)
  }

  #separate(): void {
    this.text += ","
    this.#isKeyNext = this.#levels.at(-1)?.isObject === true
  }

  #close(token: string): void {
    if (this.#levels.pop()?.isEmpty === false) this.#newLine()
    this.text += token
    this.#isKeyNext = false
  }

  #takeKey(token: string): void {
    const level = this.#levels.at(-1)!
    level.isEmpty = false
    level.key = keyOf(token)
    this.#newLine()
    this.text += token
    this.#isKeyNext = false
  }

  #isValueHidden(): boolean {
    if (this.#hidden === undefined || this.#levels.at(-1)?.isObject !== true) return false
    return this.#hidden.matches(this.#levels.flatMap(({ key }) => key ?? []))
  }

  #hide(opens: boolean): void {
    this.text += JSON.stringify(this.#hidden?.text)
    this.#hiddenDepth = opens ? 1 : 0
  }

  #takeValue(token: string, opens: boolean): void {
    const level = this.#levels.at(-1)
    if (level?.isObject === false) {
      level.isEmpty = false
      this.#newLine()
    }
    this.text += token
    if (opens) this.#levels.push({ isObject: token === "{", isEmpty: true, key: undefined })
    this.#isKeyNext = token === "{"
  }

  #newLine(): void {
    if (this.#indent > 0) this.text += `\n${" ".repeat(this.#indent * this.#levels.length)}`
  }
}

function keyOf(token: string): string {
  try {
    return String(JSON.parse(token)).toLowerCase()
  } catch {
    // It is cut off, and nothing comes behind it.
    return token
  }
}
