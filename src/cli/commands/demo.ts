import type { Command } from "commander"
import type { Cli, GlobalOptions } from "../cli.js"

export function addDemoCommand(program: Command, cli: Cli): void {
  program.command("demo").action((_options, command: Command) => {
    void command.optsWithGlobals<GlobalOptions>()
    cli.exitCode = 1
  })
}
