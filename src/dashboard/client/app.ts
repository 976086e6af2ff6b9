import { startDialogs } from "./dialogs.js"
import { startChoices, startFilters } from "./filters.js"
import { startKeyboard } from "./keyboard.js"
import { startLive } from "./live.js"
import { startTheme } from "./theme.js"
import { startTimes } from "./times.js"

startTimes()
startTheme()
startDialogs()
startFilters()
startChoices()
startKeyboard()
startLive()
