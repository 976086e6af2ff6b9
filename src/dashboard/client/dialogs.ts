/** Opens dialogs by the buttons that name them, and takes notices away. Listens at the document: parts of the page are replaced. */
export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return
    const button = event.target.closest<HTMLElement>("[data-dialog], [data-dismiss]")
    if (button === null) {
      if (event.target instanceof HTMLDialogElement) event.target.close()
      return
    }
    if (button.dataset["dismiss"] !== undefined) button.closest(".notice")?.remove()
    else openDialog(button.dataset["dialog"]!)
  })
  document.getElementById("help")?.addEventListener("click", () => openDialog("keyboard"))
  // A form that was sent is not sent again by a second click.
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement
    if (form.method !== "post") return
    for (const button of form.querySelectorAll("button")) button.disabled = true
  })
}

export function openDialog(id: string): void {
  const dialog = document.getElementById(id)
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal()
}
