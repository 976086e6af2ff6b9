import { failureHead, jobFacts, logText } from "../job-facts.js"
import type { JobDetails } from "./reader.js"
import { filled, type Line, type Style, wrapped } from "./text.js"
import { styleOf } from "./views/recent.js"

/** More of one value is shown by `pgq job`. */
const longestValue = 4_000
const mostTracebackLines = 100
const nameWidth = 15

/** A job on the screen: what there is to say of it, why it is where it is, its failed attempts, what it logged. */
export function jobLines({ job, failures, logs, explanation }: JobDetails, width: number): readonly Line[] {
  const facts = jobFacts(job).flatMap(([name, value]) => {
    const style = name === "status" ? styleOf(job.status) : name === "error" ? "bad" : "plain"
    return named(name, shortened(value), style, width)
  })
  const reasons = explanation.reasons.flatMap(({ text }, index) =>
    named(index === 0 ? "why" : "", text, "plain", width),
  )
  const attempts = failures.flatMap((failure): Line[] => {
    const lines = (failure.traceback ?? failure.error).split("\n").slice(0, mostTracebackLines)
    return [[], heading(failureHead(failure)), ...lines.flatMap((line) => indented(shortened(line), width))]
  })
  const logged = logs.flatMap((line) => indented(shortened(logText(line)), width))
  return [...facts, ...reasons, ...attempts, ...(logged.length === 0 ? [] : [[], heading("log"), ...logged])]
}

function named(name: string, value: string, style: Style, width: number): Line[] {
  return wrapped(value, width - nameWidth - 2).map((text, index) => [
    { text: ` ${filled(index === 0 ? name : "", nameWidth)}`, style: "dim" },
    { text, style },
  ])
}

function heading(text: string): Line {
  return [{ text: ` ${text}`, style: "bold" }]
}

function indented(value: string, width: number): Line[] {
  return wrapped(value, width - 4).map((text) => [{ text: `   ${text}` }])
}

function shortened(text: string): string {
  if (text.length <= longestValue) return text
  return `${text.slice(0, longestValue)}… (${text.length.toLocaleString("en")} characters, all of them with pgq job)`
}
