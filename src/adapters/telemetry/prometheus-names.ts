import type { MetricDefinition } from "./metric-catalog.js"

/** The name of a metric as Prometheus writes it, by the rules of OpenTelemetry for it: `pgqueuer_job_run_duration_seconds`. */
export function prometheusName({ name, unit, kind }: MetricDefinition): string {
  return `${name.replaceAll(".", "_")}${suffixes[unit] ?? ""}${kind === "counter" ? "_total" : ""}`
}

const suffixes: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes", "{job}/s": "_per_second" }
