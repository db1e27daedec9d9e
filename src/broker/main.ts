// Entry of the broker process. The supervisor is at the other end of the IPC channel; when it is gone, so are we.

import '../platform/preamble.js';

import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';

import { signingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { loadLibc } from '../platform/libc.js';
import { killMarked } from '../platform/session-processes.js';
import type { BrokerSetup, FromBroker, ToBroker } from '../protocol/control.js';
import { toBase64url } from '../wire/handshake.js';
import { Broker } from './broker.js';

const LIBC_AFTER_MS = 100;
/** Of the key the log is signed by: nobody else ever has it. */
const auditSeed = randomBytes(32);
let broker: Broker | undefined;
let sid: string | undefined;

function tell(message: FromBroker): void {
  // Killed a moment ago, and we do not know it yet: that is no reason to die with the log open. `disconnect` comes next.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function setUp(setup: BrokerSetup): Promise<void> {
  sid = setup.sid;
  try {
    broker = new Broker(setup, auditSeed, tell);
    const port = await broker.listen();
    tell({ type: 'listening', ...(port === undefined ? {} : { port }) });
    // Who calls is asked of the kernel, by a library that takes a while to load: while the agent is starting.
    setTimeout(loadLibc, LIBC_AFTER_MS).unref();
  } catch (error) {
    const message = error instanceof Error ? error.message : 'something broke';
    tell({ type: 'failed', message, hints: error instanceof TurretError ? error.hints : [] });
  }
}

process.on('message', (message: ToBroker, handle: unknown) => {
  if (message.type === 'setup') void setUp(message);
  else broker?.control(message, handle instanceof Socket ? handle : undefined);
});
process.on('disconnect', () => {
  // The supervisor said nothing before it went: it was killed, and its agent may live on without it.
  if (sid !== undefined && broker?.closed === false) killMarked(sid);
  broker?.close(null, 'the supervisor died');
  process.exit(0);
});
// The terminal's signals are for the agent; the broker ends when the supervisor says so or dies.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGTSTP'] as const)
  process.on(signal, () => {});

tell({ type: 'ready', audit_public_key: toBase64url(signingKey(auditSeed).publicKey) });
