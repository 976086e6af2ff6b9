/** The demo holds the other end of stdin: when it is gone, however it ended, nobody waits for this worker. */
export function endWithParent(): void {
  process.stdin.once("end", () => process.kill(process.pid, "SIGTERM"))
  process.stdin.resume()
}
