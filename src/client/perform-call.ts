// One call from request to exit, whoever asks: a shim or `turret call`. The order is the promise:
//
//   CALL → (facts asked for, told, CALL again) → running: input and files go, output and files come → END
//
// and this returns when the tool has ended, every byte of output is with the kernel, and every file is in its place.

import type { Readable } from 'node:stream';

import { TurretError } from '../errors.js';
import type { AgentCall } from '../protocol/messages.js';
import type { BrokerConnection } from './broker-connection.js';
import type { ClientCall, Finished } from './client-call.js';
import { gatherFacts } from './gather-facts.js';
import type { ByteSink } from './output.js';
import { receiveFiles } from './receive-files.js';
import { sendFiles } from './send-files.js';

/** A resolver may learn from the first facts that it needs others. */
const FACT_ROUNDS_MAX = 3;
/** A reader that takes nothing does not keep the news from the shell that the broker is gone. */
const LAST_WORDS_MS = 400;

export interface CallIo {
  /** Opened only when the call reads its input. */
  stdin(): Readable;
  stdout: ByteSink;
  stderr: ByteSink;
  /** Files are read and written below it. */
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export interface Performance {
  connection: BrokerConnection;
  request: AgentCall;
  io: CallIo;
  /** The call that signals are for from now on. */
  onCall?: (call: ClientCall) => void;
}

/**
 * The tool's own end. Rejects with the TurretError that refused or broke the call, or with the system's error
 * (`EPIPE`) when nobody reads our output any more; the call is then still running and the caller's to cancel.
 */
export async function performCall({ connection, request, io, onCall }: Performance): Promise<Finished> {
  let asked = request;
  for (let round = 0; ; round += 1) {
    const call = connection.call(asked);
    onCall?.(call);
    try {
      return await relay(call, io);
    } catch (error) {
      const wanted = error instanceof TurretError && error.code === 'facts_needed' ? (error.facts ?? []) : [];
      if (wanted.length === 0 || round >= FACT_ROUNDS_MAX) throw error;
      asked = { ...asked, facts: { ...asked.facts, ...(await gatherFacts(wanted, io)) } };
    }
  }
}

async function relay(call: ClientCall, io: CallIo): Promise<Finished> {
  let over = false;
  let received: Promise<void> = Promise.resolve();
  const outputs = [pump(call.stdout, io.stdout), pump(call.stderr, io.stderr)];
  const trouble = new Promise<never>((_resolve, reject) => {
    for (const output of outputs) output.catch(reject);
    // STATUS comes before END, so `received` is what it will be when `finished` is kept.
    void call.running.then((needs) => {
      if (needs.stdin) feed(call, io.stdin());
      // Once the call is over nobody waits for the rest of a file.
      sendFiles(needs, call.filesOut, io).catch((error: unknown) => over || reject(error));
      received = receiveFiles(needs, call.filesIn, io.cwd);
      received.catch(reject);
    });
  });
  trouble.catch(() => {});
  const settled = () => void (over = true);
  call.finished.then(settled, settled);
  try {
    const end = await Promise.race([call.finished, trouble]);
    await Promise.all([...outputs, received]);
    return end;
  } catch (error) {
    if (!over) stop(call, error);
    await Promise.race([Promise.allSettled(outputs), sleep(LAST_WORDS_MS)]);
    throw error;
  }
}

async function pump(from: Readable, to: ByteSink): Promise<void> {
  for await (const bytes of from as AsyncIterable<Buffer>) await to.write(bytes);
}

// Nobody waits for this: an input that stays open for ever is an agent's ordinary pipe.
function feed({ stdin: to }: ClientCall, from: Readable): void {
  to.on('error', () => from.destroy());
  to.on('close', () => from.destroy());
  // A directory, or a terminal that hung up: the tool finds an empty input.
  from.on('error', () => to.end());
  from.pipe(to);
}

// Without a reader the tool is to die as it would in a pipe of its own; any other trouble here ends the call.
function stop(call: ClientCall, error: unknown): void {
  if (isClosedOutput(error)) call.signal('PIPE');
  else call.cancel('the caller cannot go on');
}

/** The error of a write that nobody will read. */
export function isClosedOutput(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
