import { createHash } from "node:crypto"

/** Names a kind of error in addresses, which are kept and sent: the error itself may quote what is hidden. */
export function errorKey(pattern: string): string {
  return createHash("sha256").update(pattern).digest("base64url").slice(0, 22)
}
