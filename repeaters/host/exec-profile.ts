// Profile exec: one process per call. Params come on fd 3, secrets on fd 4, the caller's input on stdin; stdout and stderr
// are streamed, and the exit code ends the call.

import { runCli } from '../sdk/cli-process.js';
import type { Run, RunResult } from '../sdk/types.js';
import type { HostAction, HostConfig } from './host-config.js';
import type { Wanted } from './host.js';
import { startOf } from './program.js';

interface ExecOptions extends Wanted {
  config: HostConfig;
  home: string;
  secrets: Record<string, string>;
}

/**
 * @throws TurretError `cancelled`, or `repeater_error` when the program cannot be started
 */
export function runExec(
  run: Run,
  { config, home, secrets, action, params }: ExecOptions,
): Promise<RunResult> {
  const command = (action as HostAction).run ?? [...config.command, action.name];
  const { directory } = config;
  return runCli(run, { ...startOf({ command, directory, home }), handed: [params, secrets] });
}
