const choices = ["system", "light", "dark"] as const

/** The button for the colours goes round; the choice is kept in a cookie, so that the next page comes in them. */
export function startTheme(): void {
  document.getElementById("theme")?.addEventListener("click", changeTheme)
}

export function changeTheme(): void {
  const root = document.documentElement
  const now = choices.indexOf(root.dataset["theme"] as (typeof choices)[number])
  const next = choices[(now + 1) % choices.length]!
  root.dataset["theme"] = next
  const path = root.dataset["base"] || "/"
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers, and there is one cookie to write.
  document.cookie = `pgq_theme=${next}; path=${path}; max-age=31536000; samesite=strict`
  document.dispatchEvent(new CustomEvent("pgq:theme"))
  announce(`Colours: ${next}`)
}

/** Tells those who do not see it, and the others in a word that goes away. */
function announce(text: string): void {
  let box = document.getElementById("toast")
  if (box === null) {
    box = document.createElement("div")
    box.id = "toast"
    box.setAttribute("role", "status")
    document.body.append(box)
  }
  box.textContent = text
  box.classList.add("shown")
  setTimeout(() => box.classList.remove("shown"), 1_500)
}
