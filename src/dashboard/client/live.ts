import { showTimes } from "./times.js"

type State = "connecting" | "live" | "paused" | "reading" | "lost"

const words: Readonly<Record<State, string>> = {
  connecting: "Connecting",
  live: "Live",
  paused: "Paused",
  reading: "Waits while you read",
  lost: "No connection",
}

/** A connection that the browser has given up is tried again after so long. */
const againMs = 5_000

let source: EventSource | undefined
let isPaused = false
/** What has arrived and is not shown yet, because somebody reads. */
let waiting: string | undefined
let failure: string | undefined

/** Keeps the page as the server has it now: each part that has changed is replaced, unless somebody is reading it. */
export function startLive(): void {
  const main = document.querySelector<HTMLElement>("main[data-of]")
  if (main === null) return
  document.getElementById("live")?.addEventListener("click", togglePause)
  // A page that nobody sees costs the server nothing.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect(main)))
  document.addEventListener("pointerout", () => setTimeout(show))
  document.addEventListener("focusout", () => setTimeout(show))
  document.addEventListener("selectionchange", () => setTimeout(show))
  if (!document.hidden) connect(main)
}

export function togglePause(): void {
  isPaused = !isPaused
  show()
  tell()
}

function connect(main: HTMLElement): void {
  if (source !== undefined) return
  const base = document.documentElement.dataset["base"] ?? ""
  source = new EventSource(`${base}/live?of=${encodeURIComponent(main.dataset["of"]!)}`)
  source.addEventListener("open", () => {
    failure = undefined
    tell("live")
  })
  source.addEventListener("main", (event) => {
    waiting = JSON.parse(event.data)
    setFailure(undefined)
    show()
  })
  source.addEventListener("failed", (event) => setFailure(JSON.parse(event.data)))
  source.addEventListener("error", () => {
    tell("lost")
    if (source?.readyState !== EventSource.CLOSED) return
    disconnect()
    setTimeout(() => !document.hidden && connect(main), againMs)
  })
}

function disconnect(): void {
  source?.close()
  source = undefined
}

/** Shows what waits, in each part of the page that nobody is reading. */
function show(): void {
  if (waiting === undefined || isPaused) return
  const main = document.getElementById("main")!
  const next = document.createElement("template")
  next.innerHTML = waiting
  const isShown = hasSameParts(main, next.content) ? showParts(main, next.content) : showAll(main, next.content)
  if (isShown) waiting = undefined
  tell(isShown ? "live" : "reading")
}

function hasSameParts(main: HTMLElement, next: DocumentFragment): boolean {
  const ids = (within: ParentNode) => [...within.querySelectorAll("[data-live]")].map(({ id }) => id).join()
  return ids(next) !== "" && ids(next) === ids(main)
}

/** Whether it is shown: not while somebody reads. */
function showAll(main: HTMLElement, next: DocumentFragment): boolean {
  if (isRead(main)) return false
  main.replaceChildren(next)
  shown(main)
  return true
}

/** Whether all of it is shown. */
function showParts(main: HTMLElement, next: DocumentFragment): boolean {
  let isShown = true
  for (const part of next.querySelectorAll<HTMLElement>("[data-live]")) {
    const before = main.querySelector<HTMLElement>(`#${CSS.escape(part.id)}`)!
    if (before.dataset["html"] === part.innerHTML) continue
    if (isRead(before)) isShown = false
    else replace(before, part)
  }
  return isShown
}

function replace(before: HTMLElement, part: HTMLElement): void {
  const html = part.innerHTML
  for (const details of before.querySelectorAll<HTMLDetailsElement>("details[id]")) {
    part.querySelector<HTMLDetailsElement>(`#${CSS.escape(details.id)}`)?.toggleAttribute("open", details.open)
  }
  // A chart that is there already gets the new numbers, and is not drawn anew.
  for (const chart of part.querySelectorAll<HTMLElement>("figure[data-chart]")) {
    const known = before.querySelector<HTMLElement>(`#${CSS.escape(chart.id)}`)
    if (known === null) continue
    known.dataset["chart"] = chart.dataset["chart"]
    chart.replaceWith(known)
  }
  const scrolled = [...before.querySelectorAll<HTMLElement>(".scroll, pre")].map(({ scrollLeft, scrollTop }) => [
    scrollLeft,
    scrollTop,
  ])
  before.replaceChildren(...part.childNodes)
  before.dataset["html"] = html
  for (const [index, element] of [...before.querySelectorAll<HTMLElement>(".scroll, pre")].entries()) {
    element.scrollTo(scrolled[index]?.[0] ?? 0, scrolled[index]?.[1] ?? 0)
  }
  shown(before)
}

function shown(within: HTMLElement): void {
  showTimes(within)
  document.dispatchEvent(new CustomEvent("pgq:shown"))
}

/** Whether somebody has the pointer on it, has selected in it, is in one of its fields, or has a dialog of it open. */
function isRead(element: HTMLElement): boolean {
  if (element.querySelector("dialog[open]") !== null) return true
  if (element.matches("[data-calm]:hover, :has([data-calm]:hover)")) return true
  if (element.contains(document.activeElement)) return true
  const selection = getSelection()
  return selection !== null && !selection.isCollapsed && selection.containsNode(element, true)
}

function setFailure(text: string | undefined): void {
  failure = text
  const banner = document.getElementById("banner")
  if (banner !== null) banner.textContent = text === undefined ? "" : `${text} What you see is from before.`
  tell(text === undefined ? "live" : "lost")
}

function tell(state: State = "live"): void {
  const button = document.getElementById("live")
  if (button === null) return
  const shownState = isPaused ? "paused" : failure !== undefined ? "lost" : state
  button.dataset["state"] = shownState
  button.querySelector(".live-text")!.textContent = words[shownState]
}
