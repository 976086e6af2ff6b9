/**
 * Whether a request that changes something was made by a page of this very site. Browsers say so in `Sec-Fetch-Site` wherever the
 * connection is one they trust (https, localhost), else by `Origin`; a client that says neither is no browser that another site could use.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site")
  if (site !== null) return site === "same-origin"
  const origin = request.headers.get("origin")
  if (origin === null) return true
  const host = request.headers.get("host") ?? new URL(request.url).host
  return URL.canParse(origin) && new URL(origin).host === host
}

/** Whether the request names one of these hosts, whatever the port. */
export function isForHost(request: Request, hosts: readonly string[]): boolean {
  const host = request.headers.get("host") ?? new URL(request.url).host
  if (!URL.canParse(`http://${host}`)) return false
  return hosts.includes(new URL(`http://${host}`).hostname.toLowerCase())
}
