#!/usr/bin/env node
import { runCommandLine } from "./program.js"

// A user's pool or timer that is still open must not keep a finished command alive.
process.exit(await runCommandLine(process.argv.slice(2)))
