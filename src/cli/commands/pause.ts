import type { Command } from "commander"
import type { EntrypointLimits } from "../../ports/operation-store.js"
import type { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { noteIfUnknown } from "../entrypoint-note.js"
import { oneLine } from "../terminal.js"

export function addPauseCommand(program: Command, cli: Cli): void {
  program
    .command("pause")
    .description("let no worker take jobs of these entrypoints; what runs goes on")
    .argument("<entrypoint...>", "names of entrypoints")
    .action((names: string[], _options, command: Command) =>
      change(cli, names, "paused", (queries, name) => queries.pause(name), command.optsWithGlobals<GlobalOptions>()),
    )
}

export function addResumeCommand(program: Command, cli: Cli): void {
  program
    .command("resume")
    .description("let workers take jobs of these entrypoints again")
    .argument("<entrypoint...>", "names of entrypoints")
    .action((names: string[], _options, command: Command) =>
      change(cli, names, "resumed", (queries, name) => queries.resume(name), command.optsWithGlobals<GlobalOptions>()),
    )
}

async function change(
  cli: Cli,
  names: readonly string[],
  done: "paused" | "resumed",
  act: (queries: Queries, name: string) => Promise<EntrypointLimits>,
  options: GlobalOptions,
): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const changed: EntrypointLimits[] = []
    for (const name of names) {
      const limits = await act(queries, name)
      changed.push(limits)
      if (options.json !== true) cli.terminal.print(`${oneLine(name)} ${done}${sequel(limits)}`)
    }
    if (options.json === true) cli.terminal.printJson(changed)
    noteIfUnknown(cli.terminal, changed)
  })
}

function sequel({ paused, inUse }: EntrypointLimits): string {
  if (!paused || inUse === 0) return ""
  return inUse === 1 ? "; 1 job that workers hold goes on" : `; ${inUse} jobs that workers hold go on`
}
