import { describe, expect, test } from "vitest"
import { environmentOf } from "../support/command-line.js"
import { installQueue, type TestQueue } from "../support/queue.js"
import { startSwitchedProxy } from "../support/switched-proxy.js"
import { hasTmux, TerminalWindow } from "../support/terminal-window.js"

describe.skipIf(!hasTmux)("the dashboard in a terminal", { timeout: 60_000 }, () => {
  test("shows figures over a table of what is recent", async () => {
    const window = await openDashboard(await queueOfEndedJobs())
    const screen = await window.shows("successful")
    expect(screen.split("\n").map(stable)).toEqual([
      " pgq dashboard  DATABASE on 127.0.0.1, schema SCHEMA every 2 s, HH:MM:SSZ",
      " Ended    0/s ~ 4 in the last hour, 25 % errors",
      " Queued   0 ~ picked 0, deferred 0, failed 0",
      expect.stringMatching(/^ Oldest {3}- ~/),
      " Workers  0",
      "",
      "[1 Recent] 2 Entrypoints  3 Workers  4 Failures  5 Schedules",
      "  Created               Count  Entrypoint  Time in Queue (HH:MM:SS)  Status      Priority",
      "▸ 2020-01-31 08:00:02Z      1  図書館                      00:00:07  successful         0",
      "  2020-01-31 08:00:01Z      2  mail                        00:00:07  successful         5",
      "  2020-01-31 08:00:00Z      1  fax                         00:00:07  exception          0",
      ...Array.from({ length: 12 }, () => ""),
      " ? help  q leave  1-5 views  Enter job  / filter  s sort  Space pause  o job by id",
    ])
  })

  test("takes the form of table that is asked for", async () => {
    const window = await openDashboard(await queueOfEndedJobs(), "--tail 2 --table-format grid")
    const screen = await window.shows("successful")
    expect(screen.split("\n").slice(7, 14)).toEqual([
      "  +----------------------+-------+------------+----------+------------+------+",
      "  | Created              | Count | Entrypoint | In Queue | Status     | Prio |",
      "  +----------------------+-------+------------+----------+------------+------+",
      "▸ | 2020-01-31 08:00:02Z |     1 | 図書館     | 00:00:07 | successful |    0 |",
      "  | 2020-01-31 08:00:01Z |     2 | mail       | 00:00:07 | successful |    5 |",
      "  +----------------------+-------+------------+----------+------------+------+",
      "",
    ])
  })

  test("does what its keys say", async () => {
    const queue = await queueOfEndedJobs()
    const window = await openDashboard(queue)
    await window.shows("▸ 2020-01-31 08:00:02Z")
    await window.press("j")
    await window.shows("▸ 2020-01-31 08:00:01Z")
    await window.press("Enter")
    const job = await window.shows("entrypoint     mail")
    expect(job).toMatch(/ Job \d+ {2}1 of 2, the newest first\n.*\n.*\n status +successful\n priority +5\n/)
    await window.press("Right")
    await window.shows("2 of 2")
    await window.press("Escape")
    await window.shows("▸ 2020-01-31 08:00:01Z")
    await window.press("/")
    await window.type("FAX")
    await window.shows("Show rows with: FAX")
    await window.press("Enter")
    const filtered = await window.shows(/filter FAX\n/)
    expect(filtered).not.toContain("mail")
    await window.press("Escape")
    await window.shows("mail")
    await window.press("s", "s")
    expect(await window.shows("by Count, down")).toMatch(/▸ .*:01Z +2 +mail/)
    await window.press("4")
    await window.shows(/ +1 +1 +fax +Error: no paper/)
    await window.press("3")
    await window.shows("No worker runs.")
    await window.press("Tab", "Tab")
    await window.shows("There are no schedules")
    await window.press("BTab", "BTab", "BTab")
    await window.shows(/Entrypoint +Queued[^$]*mail +0/)
    await window.press("?")
    await window.shows("0 %")
    await window.press("End")
    await window.shows("Nothing here changes the queue.")
    await window.press("Escape")
    await window.shows("[2 Entrypoints]")
    await window.shows("▸ ")
    await window.press("o")
    await window.type("99x9")
    await window.shows("Open the job with the id: 999")
    await window.press("Enter")
    await window.shows("There is no such job")
  })

  test("stands still while it is paused, and goes on when asked to", async () => {
    const queue = await queueOfEndedJobs()
    const window = await openDashboard(queue, "--interval 1")
    await window.shows("successful")
    await window.press("Space")
    await window.shows("PAUSED")
    await queue.queries.enqueue("fresh")
    await window.shows(/PAUSED 00:00:0[678] old/)
    expect(await window.screen()).not.toContain("fresh")
    await window.press("Space")
    await window.shows(/fresh .* queued/)
  })

  test("fits itself to the window, however small", async () => {
    const window = await openDashboard(await queueOfEndedJobs())
    await window.shows("successful")
    await window.resize(40, 9)
    expect((await window.shows(/\n {2}Count {2}Entrypoint {2}Status\n/)).split("\n").map(stable)).toEqual([
      " pgq dashboard  DATABASE on 127.0.0.1, …",
      " Ended    0/s         4 in the last hou…",
      "[1 Recent] 2 Entrypoints  3 Workers  4 …",
      "  Count  Entrypoint  Status",
      "▸     1  図書館      successful",
      "      2  mail        successful",
      "      1  fax         exception",
      "",
      " ? help  q leave  1-5 views  Enter job …",
    ])
    await window.resize(15, 3)
    expect(await window.shows("too small")).toBe("too small")
    await window.resize(100, 30)
    await window.shows(/Time in Queue \(HH:MM:SS\)/)
  })

  test("says that the database is lost and how old the figures are, tries again, and goes on", async () => {
    const queue = await queueOfEndedJobs()
    const proxy = await startSwitchedProxy(queue.database.url)
    const window = await openDashboard(queue, "--interval 1", { DATABASE_URL: proxy.url })
    await window.shows("successful")
    proxy.switch("closed")
    await window.shows(/Nothing read for 00:00:\d\d, what is shown is 00:00:\d\d old; trying again in \d s/)
    expect(await window.screen()).toContain("successful")
    await queue.queries.enqueue("fresh")
    proxy.switch("open")
    expect(await window.shows(/fresh .* queued/)).not.toContain("Nothing read for")
  })

  test("can be left while the network swallows all that is asked", async () => {
    const queue = await queueOfEndedJobs()
    const proxy = await startSwitchedProxy(queue.database.url)
    const window = await openDashboard(queue, "--interval 1", { DATABASE_URL: proxy.url })
    await window.shows("successful")
    proxy.switch("silent")
    await window.shows(/00:00:0\d old/)
    await window.press("q")
    await window.shows(/^\$ .*\n\$$/)
  })

  test.each([
    ["q", (window: TerminalWindow) => window.press("q"), 0],
    ["Ctrl-C", (window: TerminalWindow) => window.press("C-c"), 0],
    ["SIGTERM", (window: TerminalWindow) => window.signal("SIGTERM"), 0],
    ["an error that nobody caught", (window: TerminalWindow) => window.signal("SIGUSR2"), 1],
  ])("leaves the terminal as it found it after %s", async (_how, leave, code) => {
    const queue = await queueOfEndedJobs()
    const window = await TerminalWindow.open({
      environment: { ...environmentOf(queue.database), NODE_OPTIONS: crashing },
    })
    await window.enter("SETTINGS=$(stty -g)")
    await window.pgq("dashboard")
    await window.shows("successful")
    expect(await state(window)).toEqual({ alternate_on: "1", cursor_flag: "0", wrap_flag: "0" })
    await leave(window)
    await window.shows(/\n\$$/)
    await window.enter('echo "code $?"; [ "$SETTINGS" = "$(stty -g)" ] && echo same settings')
    const screen = await window.shows("\nsame settings")
    expect(screen).toContain(`\ncode ${code}\n`)
    expect(screen).not.toContain("[1 Recent]")
    expect(screen.includes("pgq: uncaught: Error: boom")).toBe(code === 1)
    expect(await state(window)).toEqual({ alternate_on: "0", cursor_flag: "1", wrap_flag: "1" })
  })

  test("goes into the background with Ctrl-Z and comes back", async () => {
    const queue = await queueOfEndedJobs()
    const window = await openDashboard(queue, "--interval 1")
    await window.shows("successful")
    await window.press("C-z")
    await window.shows("Stopped")
    expect(await state(window)).toEqual({ alternate_on: "0", cursor_flag: "1", wrap_flag: "1" })
    await queue.queries.enqueue("meanwhile")
    await window.enter("echo shell is there")
    await window.shows("\nshell is there")
    await window.enter("fg")
    expect(await window.shows("meanwhile")).toContain("[1 Recent]")
    expect(await state(window)).toEqual({ alternate_on: "1", cursor_flag: "0", wrap_flag: "0" })
    await window.press("q")
    await window.shows(/\n\$$/)
  })

  test("never sends what jobs bring along to the terminal as it is", async () => {
    const evil = "\u001b]2;owned\u0007\u001b[2J\u009b31m\u202e\r\nx"
    const queue = await installQueue()
    const worker = queue.worker()
    worker.pgq.entrypoint(evil, (_, { log }) => {
      log.info(evil)
      throw new Error(evil)
    })
    await queue.queries.enqueue(evil, { text: evil }, { headers: { [evil]: evil } })
    await worker.drain()
    const window = await openDashboard(queue)
    await window.shows("\\u001b]2;owned")
    await window.press("4")
    await window.shows(/Error: \\u001b\]#;owned/)
    await window.press("Enter")
    const screen = await window.shows(/payload +\{"text":/)
    expect(screen).toContain("[4 Failures]")
    expect(screen).toMatch(/\n error +Error: \\u001b\]2;owned\\u0007\\u001b\[2J\\u009b31m\\u202e/)
    await window.press("2")
    expect(await window.property("pane_title")).not.toContain("owned")
  })

  test("has colours, and with NO_COLOR none", async () => {
    const queue = await queueOfEndedJobs()
    const colors = /\[(?:\d+;)*3[1-6]m/
    const window = await openDashboard(queue)
    await window.shows("exception")
    expect(await window.styledScreen()).toMatch(colors)
    const plain = await openDashboard(queue, "", { NO_COLOR: "1" })
    await plain.shows("exception")
    const styled = await plain.styledScreen()
    expect(styled).not.toMatch(colors)
    expect(styled).toMatch(/\[(?:\d+;)*7m/)
  })

  test("says what is wrong with the connection instead of opening a screen", async () => {
    const window = await TerminalWindow.open({ columns: 150, environment: {} })
    await window.pgq("dashboard --dsn postgres://joe@127.0.0.1:1/db")
    await window.shows("(PGQ_CONNECTION_FAILED)")
    expect(await window.property("alternate_on")).toBe("0")
  })
})

/** Throws where nobody catches it when the signal SIGUSR2 comes. */
const crashing = `--import=data:text/javascript,${encodeURIComponent('process.on("SIGUSR2", () => { throw new Error("boom") })')}`

async function state(window: TerminalWindow): Promise<Record<string, string>> {
  const names = ["alternate_on", "cursor_flag", "wrap_flag"]
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await window.property(name)])))
}

async function openDashboard(
  queue: TestQueue,
  args = "",
  environment: Record<string, string> = {},
): Promise<TerminalWindow> {
  const window = await TerminalWindow.open({ environment: { ...environmentOf(queue.database), ...environment } })
  await window.pgq(`dashboard ${args.includes("--interval") ? args : `--interval 2 ${args}`}`)
  return window
}

/** Four jobs that ended, as if ten years ago: nothing about them changes from one reading to the next. */
async function queueOfEndedJobs(): Promise<TestQueue> {
  const queue = await installQueue()
  const worker = queue.worker()
  worker.pgq.entrypoint("mail", () => {})
  worker.pgq.entrypoint("図書館", () => {})
  worker.pgq.entrypoint("fax", () => Promise.reject(new Error("no paper")))
  await queue.queries.enqueueMany([
    { entrypoint: "fax" },
    { entrypoint: "mail", priority: 5 },
    { entrypoint: "mail", priority: 5 },
    { entrypoint: "図書館" },
  ])
  await worker.drain()
  await queue.sql(
    `update pgqueuer.job set created_at = timestamptz '2020-01-31 08:00:00.5Z' + interval '1 s'
    * case entrypoint when 'fax' then 0 when 'mail' then 1 else 2 end`,
  )
  await queue.sql(
    `update pgqueuer.outcome as outcome
    set started_at = job.created_at + interval '7 s', finished_at = job.created_at + interval '8 s'
    from pgqueuer.job as job where job.id = outcome.job_id`,
  )
  return queue
}

/** Without what is another each time. */
function stable(line: string): string {
  return line
    .replace(/\b\w+ on 127/, "DATABASE on 127")
    .replace(/schema t_\w+( +)/, "schema SCHEMA ")
    .replace(/\d\d:\d\d:\d\dZ$/, "HH:MM:SSZ")
    .replace(/ +[▁▂▃▄▅▆▇█][▁▂▃▄▅▆▇█ ]*/, " ~ ")
    .trimEnd()
}
