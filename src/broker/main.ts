// Entry of the broker process. The supervisor is at the other end of the IPC channel; when it is gone, so are we.

import '../platform/preamble.js';

import { Socket } from 'node:net';

import type { BrokerSetup, FromBroker, ToBroker } from '../protocol/control.js';
import { toBase64url } from '../wire/handshake.js';
import { Broker, makeKeys } from './broker.js';

const own = makeKeys();
let broker: Broker | undefined;

function tell(message: FromBroker): void {
  if (process.connected) process.send?.(message);
}

async function setUp(setup: BrokerSetup): Promise<void> {
  try {
    broker = new Broker(setup, own, tell);
    await broker.listen();
    tell({ type: 'listening' });
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : 'the broker cannot start' });
  }
}

process.on('message', (message: ToBroker, handle: unknown) => {
  if (message.type === 'setup') void setUp(message);
  else broker?.control(message, handle instanceof Socket ? handle : undefined);
});
process.on('disconnect', () => {
  broker?.close(null, 'the supervisor died');
  process.exit(0);
});
// The terminal's signals are for the agent; the broker ends when the supervisor says so or dies.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGTSTP'] as const) process.on(signal, () => {});

tell({
  type: 'ready',
  broker_public_key: toBase64url(own.broker.publicKey),
  audit_public_key: toBase64url(own.auditPublicKey),
});
