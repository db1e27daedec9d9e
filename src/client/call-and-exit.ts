// What a shim and `turret call` do: find the broker, hand over the request, be a pipe, end as the tool ended. This
// process has no right but the agent's own, and nothing it says is believed: every check is made again behind the socket.

import { isatty } from 'node:tty';

import { TurretError } from '../errors.js';
import { workingDirectory } from '../platform/working-directory.js';
import type { AgentCall, Tty } from '../protocol/messages.js';
import { BrokerConnection } from './broker-connection.js';
import type { Finished } from './client-call.js';
import { dieBySignal, exit } from './die.js';
import { exitCodeOf } from './exit-code.js';
import { SignalForwarder, windowSize } from './forward-signals.js';
import { openInput } from './input.js';
import { locate } from './locate.js';
import { type ByteSink, openOutput } from './output.js';
import { isClosedOutput, performCall } from './perform-call.js';
import { refusalLines } from './refusal-lines.js';

const EXPLAIN_MS_MAX = 300;

export interface Caller {
  /** Shown in the audit log. */
  client: string;
  /** The path this process was called by, when the session directory may be beside it. */
  program: string | undefined;
  request: (from: { cwd: string; tty: Tty }) => AgentCall;
}

/** Makes one call with the standard streams of this process, and ends the process as the tool ended. */
export async function callAndExit(caller: Caller): Promise<void> {
  const stderr = openOutput(2);
  try {
    const end = await call(caller, stderr);
    if (end.signal === undefined) exit(end.exit);
    else dieBySignal(end.signal);
  } catch (error) {
    await explain(error, stderr);
  }
}

async function call({ client, program, request }: Caller, stderr: ByteSink): Promise<Finished> {
  const cwd = workingDirectory();
  const { token, address } = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  const connection = await BrokerConnection.open({ address, token, client: client.slice(0, 64) });
  const signals = new SignalForwarder();
  return performCall({
    connection,
    request: request({ cwd, tty: describeTerminal() }),
    io: { stdin: openInput, stdout: openOutput(1), stderr, cwd, env: process.env },
    onCall: (running) => signals.follow(running),
  });
}

async function explain(trouble: unknown, stderr: ByteSink): Promise<void> {
  if (isClosedOutput(trouble)) return dieBySignal('PIPE');
  const known =
    trouble instanceof TurretError
      ? trouble
      : new TurretError('internal', `something broke: ${String(trouble)}`);
  const told = blockedBySandbox(known) ?? known;
  const written = stderr.write(Buffer.from(refusalLines(told))).catch(() => {}); // Nobody reads this either.
  await Promise.race([written, new Promise((resolve) => setTimeout(resolve, EXPLAIN_MS_MAX))]);
  exit(exitCodeOf(told));
}

// codex forbids its commands every socket unless told otherwise, and marks that with this variable.
function blockedBySandbox(error: TurretError): TurretError | undefined {
  if (error.code !== 'broker_gone' || process.env['CODEX_SANDBOX_NETWORK_DISABLED'] !== '1') return undefined;
  return new TurretError(
    'broker_gone',
    "codex's own sandbox forbids sockets, so this command cannot reach its broker",
    {
      // In its default mode, read-only, the second of them is not looked at.
      hints: ['start codex with: -s workspace-write -c sandbox_workspace_write.network_access=true'],
    },
  );
}

function describeTerminal(): Tty {
  const stdout = isatty(1);
  const color = stdout && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const size = windowSize() ?? { cols: 80, rows: 24 };
  return { stdin: isatty(0), stdout, stderr: isatty(2), ...size, color };
}
