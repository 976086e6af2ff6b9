import { Icon } from "../../components/icon.js"
import { href, type Site } from "../../site.js"
import type { Concern } from "./attention.js"

/** What needs attention; a calm line when nothing does. */
export function Concerns({ concerns, site }: { readonly concerns: readonly Concern[]; readonly site: Site }) {
  if (concerns.length === 0) {
    return (
      <p class="all-well">
        <Icon name="check" />
        Nothing needs attention.
      </p>
    )
  }
  return (
    <section class="concerns" aria-label="What needs attention">
      <ul>
        {concerns.map(({ level, text, link }) => (
          <li class={level}>
            <Icon name={level === "error" ? "failures" : "alert"} />
            <span>
              <span class="sr">{level === "error" ? "Urgent: " : "Warning: "}</span>
              {text}
            </span>
            {link === undefined ? null : (
              <a href={href(site, link.path, link.query)} aria-label={`${link.label}: ${text}`}>
                {link.label}
              </a>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
