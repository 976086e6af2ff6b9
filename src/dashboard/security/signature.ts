import { createHmac, timingSafeEqual } from "node:crypto"

/** Signs small texts, each for one use: what was signed for a session is no form token. */
export class Signature {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  sign(use: string, text: string): string {
    return `${text}.${this.#mac(use, text)}`
  }

  /** The text that was signed for this use; undefined when it was not. */
  open(use: string, signed: string): string | undefined {
    const dot = signed.lastIndexOf(".")
    const text = signed.slice(0, Math.max(0, dot))
    const given = Buffer.from(signed.slice(dot + 1))
    const right = Buffer.from(this.#mac(use, text))
    return given.length === right.length && timingSafeEqual(given, right) ? text : undefined
  }

  #mac(use: string, text: string): string {
    return createHmac("sha256", this.#secret).update(`${use}\n${text}`).digest("base64url")
  }
}
