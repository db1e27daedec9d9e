// What a shim does: find the broker, hand over the command line as it was typed, be a pipe, end as the tool ended.
// It holds no right but the agent's own, and nothing it says is believed: every check is made again behind the socket.

import { basename } from 'node:path';
import { isatty } from 'node:tty';

import { BrokerConnection } from '../src/client/broker-connection.js';
import { exitCodeOf } from '../src/client/exit-code.js';
import { openInput } from '../src/client/input.js';
import { locate } from '../src/client/locate.js';
import { type ByteSink, openOutput } from '../src/client/output.js';
import { isClosedOutput, performCall } from '../src/client/perform-call.js';
import { refusalLines } from '../src/client/refusal-lines.js';
import { TurretError } from '../src/errors.js';
import type { ToolCall, Tty } from '../src/protocol/messages.js';
import { dieBySignal, exit } from './die.js';
import { SignalForwarder, windowSize } from './signals.js';

/** Runs the command this process was called as, and ends the process. */
export async function runShim(): Promise<void> {
  const stderr = openOutput(2);
  try {
    const end = await perform(stderr);
    if (end.signal !== undefined) dieBySignal(end.signal);
    else exit(end.exit);
  } catch (error) {
    await explain(error, stderr);
  }
}

async function perform(stderr: ByteSink): ReturnType<typeof performCall> {
  const program = process.argv[1] ?? '';
  const tool = basename(program);
  const cwd = workingDirectory();
  const { token, socketPath } = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  const connection = await BrokerConnection.open({ socketPath, token, client: `shim ${tool}`.slice(0, 64) });
  const signals = new SignalForwarder();
  const request: ToolCall = { tool, argv: process.argv.slice(2), cwd, tty: describeTerminal() };
  const io = { stdin: openInput, stdout: openOutput(1), stderr, cwd, env: process.env };
  return performCall({ connection, request, io, onCall: (call) => signals.follow(call) });
}

async function explain(error: unknown, stderr: ByteSink): Promise<void> {
  if (isClosedOutput(error)) return dieBySignal('PIPE');
  const known = error instanceof TurretError ? error : new TurretError('internal', `the shim failed: ${String(error)}`);
  const told = blockedBySandbox(known) ?? known;
  // Nobody may be reading this either.
  await Promise.race([stderr.write(Buffer.from(refusalLines(told))).catch(() => {}), new Promise((done) => setTimeout(done, 300))]);
  exit(exitCodeOf(told));
}

// codex forbids its commands every socket unless told otherwise, and marks that with this variable.
function blockedBySandbox(error: TurretError): TurretError | undefined {
  if (error.code !== 'broker_gone' || process.env['CODEX_SANDBOX_NETWORK_DISABLED'] !== '1') return undefined;
  return new TurretError('broker_gone', "codex's own sandbox forbids sockets, so this command cannot reach its broker", {
    hints: ['start codex with: -c sandbox_workspace_write.network_access=true'],
  });
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new TurretError('usage', 'the working directory is gone', { cause, hints: ['cd to a directory that exists'] });
  }
}

function describeTerminal(): Tty {
  const stdout = isatty(1);
  const stderr = isatty(2);
  const size = (stdout || stderr ? windowSize() : undefined) ?? { cols: 80, rows: 24 };
  const color = stdout && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return { stdin: isatty(0), stdout, stderr, ...size, color };
}
