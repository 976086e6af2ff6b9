interface Tab {
  readonly label: string
  readonly href: string
  readonly current: boolean
}

/** Choices of which one is made, as links. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a href={tab.href} {...(tab.current ? { "aria-current": "true" } : {})}>
          {tab.label}
        </a>
      ))}
    </nav>
  )
}
