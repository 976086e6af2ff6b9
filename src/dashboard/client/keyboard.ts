import { openDialog } from "./dialogs.js"
import { togglePause } from "./live.js"
import { changeTheme } from "./theme.js"

let isGoing = false

/** `g` and a letter go to a page; single letters act on this one. Nothing is taken from who writes in a field. */
export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
    if (document.querySelector("dialog[open]") !== null) return
    if (isGoing) {
      isGoing = false
      go(event.key)
      return
    }
    const act = actions[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })
}

const actions: Readonly<Record<string, () => void>> = {
  g() {
    isGoing = true
    setTimeout(() => {
      isGoing = false
    }, 1_500)
  },
  "/": () => document.querySelector<HTMLElement>("[data-search]")?.focus(),
  "?": () => openDialog("keyboard"),
  j: () => moveTo(1),
  k: () => moveTo(-1),
  n: () => document.querySelector<HTMLElement>("[data-next]")?.click(),
  b: () => history.back(),
  p: togglePause,
  t: changeTheme,
}

function go(key: string): void {
  document.querySelector<HTMLElement>(`nav a[data-key="${CSS.escape(key)}"]`)?.click()
}

/** The next row's link; Enter opens it, as it does any link. */
function moveTo(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-row] [data-open]")]
  const now = links.indexOf(document.activeElement as HTMLElement)
  links[now === -1 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + step))]?.focus()
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]")
}
