import { Socket } from "node:net"

/** The sockets of a pool, so that all of its connections can be given up at once: a network that swallows packets lets none of them end. */
export class Sockets {
  readonly #open = new Set<Socket>()

  open(): Socket {
    const socket = new Socket()
    this.#open.add(socket)
    socket.once("close", () => this.#open.delete(socket))
    return socket
  }

  /** What waits for an answer fails; the pool connects anew when it is asked. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
