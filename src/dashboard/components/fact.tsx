import type { Child, PropsWithChildren } from "hono/jsx"

/** Things to know in a word or two each, beside each other. */
export function FactList({ children }: PropsWithChildren) {
  return <dl class="facts wide">{children}</dl>
}

export function Fact({ name, children }: { readonly name: string; readonly children: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
