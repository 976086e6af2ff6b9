import type { PropsWithChildren } from "hono/jsx"

/**
 * A part of a page that is replaced by itself when it has changed. Everything that changes belongs into one.
 *
 * @param props.calm - waits with that while the pointer is over it: for what somebody reads line by line, or clicks on
 */
export function Live({
  id,
  calm = false,
  children,
}: PropsWithChildren<{ readonly id: string; readonly calm?: boolean }>) {
  return (
    <div id={id} data-live="" {...(calm ? { "data-calm": "" } : {})}>
      {children}
    </div>
  )
}
