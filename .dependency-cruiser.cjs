const composition =
  "^src/(completion-watcher|index|pgqueuer|producer|queries|queue-manager|scheduler-manager|sync|sync-queries|version|worker-composition)\\.ts$"

/** The layers of ARCHITECTURE.md: domain <- ports <- app; adapters implement ports; only the composition root joins them. */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "domain-is-pure",
      comment:
        "Of Standard Schema come types only; of croner the arithmetic of dates, which reads no clock and sets no timer.",
      severity: "error",
      from: { path: "^src/domain/" },
      to: { pathNot: "^src/domain/|node_modules/(@standard-schema/spec|croner)/" },
    },
    {
      name: "ports-know-the-domain-only",
      severity: "error",
      from: { path: "^src/ports/" },
      to: { pathNot: "^src/(domain|ports)/" },
    },
    {
      name: "app-knows-no-adapter",
      severity: "error",
      from: { path: "^src/app/" },
      to: { pathNot: "^src/(domain|ports|app)/" },
    },
    {
      name: "adapters-know-no-app-and-not-each-other",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/", pathNot: "^src/(domain|ports|adapters/$1)/" },
    },
    {
      name: "only-the-top-joins",
      severity: "error",
      from: { pathNot: `${composition}|^src/(cli|integrations|dashboard|testing|adapters)/` },
      to: { path: "^src/adapters/" },
    },
    { name: "nothing-imports-the-cli", severity: "error", from: { pathNot: "^src/cli/" }, to: { path: "^src/cli/" } },
    {
      name: "clients-come-from-outside",
      comment:
        "pg, postgres and PGlite enter by structural type; only what makes its own connections loads pg, when it does so.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli|adapters/embedded|adapters/drivers)/" },
      to: { path: "node_modules/(pg|postgres|@electric-sql)/" },
    },
    {
      name: "telemetry-is-loaded-by-its-own-subpaths-only",
      comment: "A command that needs it loads it when it is run, and says what to install where it can't.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/adapters/telemetry/|^src/cli/load-prometheus.ts$" },
      to: { path: "^src/adapters/telemetry/|node_modules/(@opentelemetry|@sentry|@pydantic|prom-client)/" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
}
