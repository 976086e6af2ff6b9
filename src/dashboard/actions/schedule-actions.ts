import type { ScheduleActionResult } from "../../app/schedules/schedule-actions.js"
import type { Action, ActionEnd, Viewing } from "../route.js"

/** What can be done to a schedule. */
export const scheduleActions: readonly Action[] = [
  action("trigger", "is asked to run", (viewing, name) => viewing.site.queries.triggerSchedules(name)),
  action("pause", "is paused", (viewing, name) => viewing.site.queries.pauseSchedules(name)),
  action("resume", "runs again", (viewing, name) => viewing.site.queries.resumeSchedules(name)),
]

function action(
  verb: string,
  words: string,
  act: (viewing: Viewing, name: string) => Promise<ScheduleActionResult[]>,
): Action {
  return {
    path: `/schedules/:name/${verb}`,
    needs: "operator",
    name: `${verb} schedule`,
    target: nameOf,
    async run(viewing): Promise<ActionEnd> {
      const name = nameOf(viewing)
      const [result] = await act(viewing, name)
      const to = `/schedules/${encodeURIComponent(name)}`
      if (result?.done === true) return { text: `The schedule ${name} ${words}.`, to }
      return {
        text: `Nothing was done: ${name} is no schedule that this can be done to.`,
        failed: true,
        to: "/schedules",
      }
    },
  }
}

function nameOf({ params }: Viewing): string {
  return params["name"]!
}
