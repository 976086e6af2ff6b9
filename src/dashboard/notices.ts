import type { Notice } from "./route.js"
import { cookie } from "./security/cookies.js"
import type { Signature } from "./security/signature.js"
import type { Site } from "./site.js"

/** A cookie that lets the next page say what was done, once. */
export function noticeCookie(site: Site, signature: Signature, notice: Notice, secure: boolean): string {
  const text = Buffer.from(JSON.stringify({ ...notice, text: notice.text.slice(0, 1_000) })).toString("base64url")
  const options = { path: cookiePath(site), secure, maxAgeSeconds: 60 }
  return cookie("pgq_notice", signature.sign("notice", text), options)
}

export function openNotice(signature: Signature, value: string): Notice | undefined {
  const text = signature.open("notice", value)
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text, "base64url").toString()) as Notice)
}

export function clearNotice(site: Site): string {
  return cookie("pgq_notice", "", { path: cookiePath(site), secure: false, maxAgeSeconds: 0 })
}

/** Where the cookies of the dashboard are sent to. */
export function cookiePath({ basePath }: Site): string {
  return basePath === "" ? "/" : basePath
}
