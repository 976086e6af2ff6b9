/** The value of a cookie of the request. */
export function readCookie(request: Request, name: string): string | undefined {
  for (const part of (request.headers.get("cookie") ?? "").split(";")) {
    const [key, ...value] = part.trim().split("=")
    if (key === name) return value.join("=")
  }
  return undefined
}

export interface CookieOptions {
  readonly path: string
  readonly secure: boolean
  readonly maxAgeSeconds: number
}

/** A `Set-Cookie` that no script reads and no other site sends. */
export function cookie(name: string, value: string, { path, secure, maxAgeSeconds }: CookieOptions): string {
  const parts = [`${name}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSeconds}`, "HttpOnly", "SameSite=Strict"]
  return [...parts, ...(secure ? ["Secure"] : [])].join("; ")
}

/** Whether the viewer's connection is encrypted, also where a proxy does that. */
export function isSecure(request: Request): boolean {
  const forwarded = request.headers.get("x-forwarded-proto")
  return new URL(request.url).protocol === "https:" || forwarded?.split(",")[0]?.trim() === "https"
}
