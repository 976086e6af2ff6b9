const passedOn = ["PATH", "TZ", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "SystemRoot", "SystemDrive", "windir"]

/**
 * The environment for the server's processes: little of ours, because PG* variables would change their settings,
 * and secrets in ours would be open to everything else that runs under the server's user.
 * Messages come in English, for they are read.
 */
export function environmentFor(own: NodeJS.ProcessEnv): Record<string, string> {
  const kept = passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]))
  return { ...Object.fromEntries(kept), LC_ALL: "C" }
}
