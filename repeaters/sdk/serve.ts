// A repeater's life: read what only it may know on fd 4, speak TRT/1 on fd 3, perform what the broker decided.
// Trusts the broker (the other end of an inherited socket pair) and nobody else; what it is asked to resolve was
// written by the agent.

import '../../src/platform/preamble.js';

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

import { TurretError } from '../../src/errors.js';
import { FLAG, FRAME } from '../../src/protocol/codes.js';
import type { Frame } from '../../src/protocol/frames.js';
import { encodeControl, parseControl } from '../../src/protocol/json.js';
import type { AgentCall, Register } from '../../src/protocol/messages.js';
import { FrameSocket } from '../../src/wire/frame-socket.js';
import { NONCE_BYTES, toBase64url } from '../../src/wire/handshake.js';
import { errorToWire } from '../../src/wire/wire-errors.js';
import { keepSecret, redactLog, withoutSecrets } from './own-secrets.js';
import { type OutputOptions, RepeaterCall } from './repeater-call.js';
import type { Repeater, RepeaterSecrets } from './types.js';

const BROKER_FD = 3;
const SECRETS_FD = 4;

/**
 * Serves until the broker is gone, then exits. `make` gets the secrets and returns the repeater; when it throws, the
 * process says why on stderr (the session's repeater log) and exits 1. What a call returns and what is logged is looked
 * through for the secrets: every variable handed over, or only those in `secretNames`.
 */
export async function serve(
  make: (secrets: RepeaterSecrets) => Repeater | Promise<Repeater>,
  { secretNames }: { secretNames?: readonly string[] } = {},
): Promise<void> {
  const secrets = JSON.parse(readFileSync(SECRETS_FD, 'utf8')) as RepeaterSecrets;
  keepSecret(...(secretNames ?? Object.keys(secrets.env)).map((name) => secrets.env[name]));
  redactLog();
  const repeater = await make(secrets);
  const calls = new Map<number, RepeaterCall>();
  const redact = secrets.config['redact'] !== 'off';
  const output = { redact, handoff: redact ? undefined : secrets.handoff };
  const socket = new FrameSocket(new Socket({ fd: BROKER_FD, readable: true, writable: true }), {
    frame: (frame) => onFrame(frame, socket, { repeater, calls, output }),
    close: () => {
      for (const call of calls.values()) call.abort();
      // Children are killed by the abort; a moment for that, then nothing of this session is left.
      setTimeout(() => process.exit(0), 200);
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => socket.destroy());
  socket.authenticated();
  socket.sendPreface();
  socket.sendControl(FRAME.HELLO, 0, {
    role: 'repeater',
    versions: [1],
    nonce: toBase64url(randomBytes(NONCE_BYTES)),
    client: `${secrets.name}/${repeater.version}`,
  });
  const register: Register = {
    repeater: secrets.name,
    version: repeater.version,
    kind: secrets.kind,
    tools: repeater.tools,
    resolve: repeater.resolve !== undefined,
    concurrency: repeater.concurrency ?? 16,
    actions: repeater.actions,
  };
  socket.send({ type: FRAME.REGISTER, payload: encodeControl(register) });
}

interface Serving {
  repeater: Repeater;
  calls: Map<number, RepeaterCall>;
  output: OutputOptions;
}

function onFrame(frame: Frame, socket: FrameSocket, { repeater, calls, output }: Serving): void {
  if (frame.stream === 0) return onConnectionFrame(frame, socket);
  if (frame.type !== FRAME.CALL) {
    calls.get(frame.stream)?.frame(frame);
    return;
  }
  const request = parseControl(frame.payload);
  if (request['mode'] === 'resolve') {
    void resolve(socket, frame.stream, repeater, request as unknown as AgentCall);
    return;
  }
  const over = (): void => void calls.delete(frame.stream);
  const call = new RepeaterCall({ socket, stream: frame.stream, request, output, over });
  calls.set(frame.stream, call);
  void call.perform(repeater);
}

function onConnectionFrame(frame: Frame, socket: FrameSocket): void {
  if (frame.type === FRAME.PING && (frame.flags & FLAG.ACK) === 0) {
    socket.send({ type: FRAME.PING, flags: FLAG.ACK, payload: frame.payload });
  } else if (frame.type === FRAME.REGISTERED) {
    const refused = parseControl(frame.payload)['refused'];
    if (Array.isArray(refused) && refused.length > 0) {
      process.stderr.write(`turret: the broker refused ${JSON.stringify(refused)}\n`);
    }
  } else if (frame.type === FRAME.FATAL) {
    process.stderr.write(
      `turret: the broker ended the connection: ${JSON.stringify(parseControl(frame.payload)['message'])}\n`,
    );
  } else if (frame.type === FRAME.GOAWAY) {
    socket.destroy();
  }
}

async function resolve(
  socket: FrameSocket,
  stream: number,
  repeater: Repeater,
  call: AgentCall,
): Promise<void> {
  try {
    if (repeater.resolve === undefined)
      throw new TurretError('unresolvable', 'this repeater has no command lines');
    const result = await repeater.resolve(call);
    socket.sendControl(FRAME.END, stream, { ok: true, exit: 0, result });
  } catch (error) {
    if (!(error instanceof TurretError))
      process.stderr.write(`turret: resolve failed: ${String((error as Error).stack)}\n`);
    socket.sendControl(FRAME.END, stream, withoutSecrets({ ok: false, error: errorToWire(error) }));
  }
}
