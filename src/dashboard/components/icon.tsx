/** Outlines in a field of 16 by 16, drawn with the colour of the text around them. */
const outlines = {
  brand: "M2.5 4h11M2.5 8h7.5M2.5 12h4M12.5 8.5v4.5M10.5 11l2 2 2-2",
  overview: "M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-5.5M13.5 13.5v-11",
  jobs: "M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8M5.5 8h8M5.5 12h8",
  entrypoints: "M2.5 8h7M7 5l3 3-3 3M10 2.5h3.5v11H10",
  failures: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.7h.01",
  schedules: "M8 14A6 6 0 108 2a6 6 0 000 12zM8 4.8V8l2.3 1.6",
  workers: "M3 3.5h10v4H3zM3 8.5h10v4H3zM5.3 5.5h.01M5.3 10.5h.01",
  database:
    "M3 4c0-1 2.2-1.7 5-1.7S13 3 13 4s-2.2 1.7-5 1.7S3 5 3 4zM3 4v8c0 1 2.2 1.7 5 1.7s5-.7 5-1.7V4M3 8c0 1 2.2 1.7 5 1.7S13 9 13 8",
  audit: "M4 2.5h6l2.5 2.5v8.5H4zM6 7h4.5M6 9.2h4.5M6 11.4h3",
  theme: "M8 2.5a5.5 5.5 0 100 11zM8 2.5a5.5 5.5 0 010 11",
  keyboard: "M1.8 4.5h12.4v7H1.8zM4.2 7h.01M6.7 7h.01M9.3 7h.01M11.8 7h.01M5 9.3h6",
  logout: "M6.5 2.5H3v11h3.5M6.5 8h7M11 5.5L13.5 8 11 10.5",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.2 3.2L13 5",
  alert: "M8 14A6 6 0 108 2a6 6 0 000 12zM8 5v3.6M8 10.9h.01",
  external: "M6.5 3.5H3v9.5h9.5V9.5M9 2.5h4.5V7M13.5 2.5L7.5 8.5",
  search: "M7 11.5a4.5 4.5 0 100-9 4.5 4.5 0 000 9zM10.4 10.4l3.4 3.4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3l8 5-8 5z",
  repeat: "M13 6.5A5.3 5.3 0 003.6 5M3 9.5A5.3 5.3 0 0012.4 11M3.4 2.3V5H6M12.6 13.7V11H10",
} as const

export type IconName = keyof typeof outlines

/** A picture that only repeats what the words beside it say. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={outlines[name]} />
    </svg>
  )
}
