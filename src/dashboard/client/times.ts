const exact = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
  hourCycle: "h23",
})
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
})
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" })

/** Shows every time in the viewer's zone, and how long ago it was where that is asked for. */
export function startTimes(): void {
  showTimes(document)
  setInterval(() => showTimes(document), 1_000)
}

export function showTimes(within: ParentNode): void {
  for (const element of within.querySelectorAll("time")) {
    const at = new Date(element.dateTime)
    const text = element.dataset["as"] === "exact" ? exactText(at) : relativeText(at)
    if (element.textContent !== text) element.textContent = text
    const title = exact.format(at)
    if (element.title !== title) element.title = title
  }
}

function exactText(at: Date): string {
  const isToday = at.toDateString() === new Date().toDateString()
  const time = `${clock.format(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`
  return isToday ? time : `${day.format(at)} ${time}`
}

function relativeText(at: Date): string {
  const seconds = (Date.now() - at.getTime()) / 1_000
  const ahead = seconds < -0.5
  const length = Math.abs(seconds)
  if (length < 5 && !ahead) return "just now"
  const text = lengthText(length)
  return ahead ? `in ${text}` : `${text} ago`
}

function lengthText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}
