import type { PropsWithChildren } from "hono/jsx"

/** Nothing to show, and what to do about it. */
export function EmptyState({
  title,
  kind = "empty",
  children,
}: PropsWithChildren<{ readonly title: string; readonly kind?: "empty" | "failed" }>) {
  return (
    <section class={`empty ${kind}`} {...(kind === "failed" ? { role: "alert" } : {})}>
      <h2>{title}</h2>
      <div class="empty-text">{children}</div>
    </section>
  )
}
