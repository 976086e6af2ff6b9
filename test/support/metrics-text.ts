/** A metric of a scrape with all its samples. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type Format = "text" | "openmetrics"

/**
 * Reads what Prometheus scrapes, and throws at everything that it would refuse or that the specifications forbid: unknown escapes, samples
 * without HELP and TYPE, families in pieces, series twice, counters that are negative, histograms that are not cumulative.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ , https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function parseMetrics(text: string, format: Format = "text"): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("does not end with a line feed")
  const lines = text.slice(0, -1).split("\n")
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("does not end with # EOF")
  const families = new Map<string, Draft>()
  let current: Draft | undefined
  for (const line of lines) {
    if (line === "") {
      if (format === "openmetrics") throw new Error("an empty line")
      continue
    }
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line)
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string]
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`${name} is in pieces`)
        current = { name, samples: [] }
        families.set(name, current)
      }
      if (current.samples.length > 0) throw new Error(`${kind} of ${name} comes after its samples`)
      describe(current, kind, rest)
    } else {
      if (line.startsWith("#")) throw new Error(`what is this comment: ${line}`)
      if (current === undefined) throw new Error(`a sample of nothing: ${line}`)
      current.samples.push(parseSample(line))
    }
  }
  return new Map([...families.values()].map((draft) => [draft.name, checked(draft, format)]))
}

interface Draft {
  readonly name: string
  help?: string
  type?: string
  readonly samples: Sample[]
}

function describe(draft: Draft, kind: string, rest: string): void {
  const key = kind === "HELP" ? "help" : "type"
  if (draft[key] !== undefined) throw new Error(`${kind} of ${draft.name} twice`)
  draft[key] = kind === "HELP" ? unescaped(rest, /\\[\\n]/) : rest
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const [, name = "", labels = "", value = ""] = match
  return { name, labels: parseLabels(labels, line), value: parseValue(value, line) }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== "") {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,(?=.)|$)/s.exec(rest)
    if (match === null) throw new Error(`labels that cannot be read: ${line}`)
    const [whole, name = "", value = ""] = match
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} twice: ${line}`)
    labels[name] = unescaped(value, /\\[\\n"]/)
    rest = rest.slice(whole.length)
  }
  return labels
}

function unescaped(text: string, allowed: RegExp): string {
  return text.replace(/\\./gs, (found) => {
    if (!allowed.test(found)) throw new Error(`unknown escape ${found}`)
    return found === "\\n" ? "\n" : found[1]!
  })
}

function parseValue(text: string, line: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY
  if (!/^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(text)) throw new Error(`no number: ${line}`)
  return Number(text)
}

function checked({ name, help, type, samples }: Draft, format: Format): Family {
  if (help === undefined || help === "" || type === undefined) throw new Error(`${name} lacks HELP or TYPE`)
  if (!["counter", "gauge", "histogram", "summary"].includes(type)) throw new Error(`${name} has the type ${type}`)
  const seen = new Set<string>()
  for (const sample of samples) {
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) throw new Error(`a series twice: ${key}`)
    seen.add(key)
    if (!sampleNames(name, type, format).includes(sample.name)) throw new Error(`${sample.name} is not of ${name}`)
    if (type !== "gauge" && !(sample.value >= 0)) throw new Error(`${sample.name} is negative`)
  }
  if (type === "counter" && format === "text" && !name.endsWith("_total"))
    throw new Error(`${name} is no counter's name`)
  if (type === "histogram") checkHistogram(name, samples)
  return { name, help, type, samples }
}

function sampleNames(name: string, type: string, format: Format): readonly string[] {
  if (type === "histogram") return [`${name}_bucket`, `${name}_sum`, `${name}_count`]
  if (type === "summary") return [name, `${name}_sum`, `${name}_count`]
  return [type === "counter" && format === "openmetrics" ? `${name}_total` : name]
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>()
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels
    const key = JSON.stringify(Object.entries(labels).sort())
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`)
    const of = (suffix: string) => own.filter((sample) => sample.name === `${name}_${suffix}`).map(({ value }) => value)
    const bounds = buckets.map(({ labels }) =>
      labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"]),
    )
    const counts = buckets.map(({ value }) => value)
    if (!isAscending(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new Error(`bounds of ${name}${key}`)
    if (!isAscending(counts, false)) throw new Error(`${name}${key} is not cumulative`)
    if (of("sum").length !== 1 || of("count").length !== 1) throw new Error(`${name}${key} has no sum or no count`)
    if (of("count")[0] !== counts.at(-1)) throw new Error(`count of ${name}${key} is not its last bucket`)
  }
}

function isAscending(numbers: readonly number[], strictly: boolean): boolean {
  return numbers.every((number, index) => {
    const before = numbers[index - 1] ?? Number.NEGATIVE_INFINITY
    return strictly ? number > before : number >= before
  })
}
