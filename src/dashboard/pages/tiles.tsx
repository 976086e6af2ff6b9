import type { Child } from "hono/jsx"
import type { History } from "../../app/rollups/history.js"
import { durationText } from "../../domain/duration-text.js"
import type { WorkerRecord } from "../../ports/operation-store.js"
import type { Count as Counted, Depth } from "../../ports/rollup-store.js"
import { Count, Length } from "../components/figures.js"

interface TilesProps {
  readonly history: History
  readonly depth: Depth
  readonly workers: readonly WorkerRecord[]
}

/** The state of the queue, or of one entrypoint, in a few numbers. */
export function Tiles({ history, depth, workers }: TilesProps) {
  const place = (kind: "queued" | "deferred" | "picked" | "failed") => sumOf(depth.entrypoints.map((one) => one[kind]))
  const oldest = Math.max(0, ...depth.entrypoints.map(({ oldestWaitMs }) => oldestWaitMs ?? 0))
  const alive = workers.filter(({ state }) => state === "running").length
  const { perMinute, failedShare } = rates(history)
  return (
    <dl class="tiles">
      <Tile label="Throughput" note={failedShare}>
        <span class="num">{perMinute}</span>
        <span class="unit">/min</span>
      </Tile>
      <Tile label="Queued" note={oldest === 0 ? "none waits" : `oldest ${durationText(oldest)}`}>
        <Count {...place("queued")} />
      </Tile>
      <Tile label="Running" note={`${alive} ${alive === 1 ? "worker" : "workers"}`}>
        <Count {...place("picked")} />
      </Tile>
      <Tile label="Deferred" note="wait for their time">
        <Count {...place("deferred")} />
      </Tile>
      <Tile label="Held" note="to be decided">
        <Count {...place("failed")} />
      </Tile>
      <Tile label="Wait, p95" note="until the first start">
        <Length ms={latest(history, "wait")} />
      </Tile>
      <Tile label="Run, p95" note="of an attempt">
        <Length ms={latest(history, "run")} />
      </Tile>
    </dl>
  )
}

function Tile({ label, note, children }: { readonly label: string; readonly note: string; readonly children: Child }) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        <span class="tile-value">{children}</span>
        <span class="tile-note">{note}</span>
      </dd>
    </div>
  )
}

function sumOf(counts: readonly Counted[]): Counted {
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    exact: counts.every(({ exact }) => exact),
  }
}

/** Over the whole range: how many jobs a minute came to an end by running, and how many of them failed. */
function rates({ points, step }: History): { readonly perMinute: string; readonly failedShare: string } {
  const successful = points.reduce((sum, { ended }) => sum + ended.successful, 0)
  const failed = points.reduce((sum, { ended }) => sum + ended.exception + ended.failed, 0)
  const minutes = Math.max(1, (points.length * step) / 60_000)
  const rate = (successful + failed) / minutes
  return {
    perMinute: rateText(rate),
    failedShare: failed === 0 ? "none failed" : `${((failed / (successful + failed)) * 100).toFixed(1)} % failed`,
  }
}

function rateText(rate: number): string {
  if (rate === 0) return "0"
  return rate >= 100 ? Math.round(rate).toLocaleString("en") : rate.toFixed(rate >= 10 ? 1 : 2)
}

/** Of the newest step in which something ran; the last one is not over, and may be empty yet. */
function latest({ points }: History, what: "wait" | "run"): number | null {
  return points.findLast((point) => point[what].count > 0)?.[what].p95Ms ?? null
}
