/** Choices filter at once; fields that are empty are left out of the address. */
export function startFilters(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-filters]")) {
    form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement) form.requestSubmit()
    })
    form.addEventListener("submit", () => {
      for (const field of form.elements) {
        if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && field.value === "") {
          field.disabled = true
        }
      }
    })
  }
  // The fields are needed again when the browser comes back to the page as it was.
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll<HTMLInputElement>("form[data-filters] :disabled"))
      field.disabled = false
  })
}

/** Who writes into the field of a choice has made that choice. */
export function startChoices(): void {
  document.addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return
    const choice = event.target.closest(".choice-number")?.querySelector<HTMLInputElement>("input[type=radio]")
    if (choice != null && choice !== event.target) choice.checked = true
  })
}
