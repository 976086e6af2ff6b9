// Plain JavaScript, so that a Node that cannot read TypeScript still says what it needs.
if (process.features.typescript) {
  const { main } = await import("./main.ts")
  process.exitCode = await main(process.argv.slice(2))
} else {
  console.error(`The benchmark needs Node 22.18 or newer, this is ${process.version}.
The npm package "node" brings it: npm --prefix benchmarks install, then npm --prefix benchmarks run bench.
Where install scripts are switched off: npm --prefix benchmarks rebuild node.`)
  process.exitCode = 1
}
