import { createHmac } from "node:crypto"

/**
 * Names kinds of errors in addresses, which are kept and sent: the error itself may quote what is hidden.
 *
 * @param secret - without it nobody can try out which error a name stands for
 */
export function errorKeys(secret: string): (pattern: string) => string {
  return (pattern) => createHmac("sha256", secret).update(`error\n${pattern}`).digest("base64url").slice(0, 22)
}
