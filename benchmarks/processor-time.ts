import { readFile } from "node:fs/promises"

/** Linux counts in hundredths of a second for all programs, whatever the kernel's own tick is. */
const msPerTick = 10

/**
 * The processor time of a process, of its children, and of the children it has outlived, in milliseconds.
 * Undefined where there is no `/proc`.
 */
export async function processorMs(pid: number): Promise<number | undefined> {
  try {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")
    const pids = [pid, ...children.trim().split(" ").filter(Boolean).map(Number)]
    const ticks = await Promise.all(pids.map(ticksOf))
    return ticks.reduce((sum, one) => sum + one, 0) * msPerTick
  } catch {
    return undefined
  }
}

/** utime, stime, cutime and cstime: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}
