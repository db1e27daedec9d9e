// How long bytes still come out of a session whose token was revoked while every stream was in full flow.

import path from 'node:path';

import { FRAME } from '../../src/protocol/codes.js';
import { BrokerConnection } from '../../src/client/broker-connection.js';
import { parseToken } from '../../src/token/token.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';
import { RawClient } from '../helpers/raw-client.js';
import type { Figure } from './figure.js';
import { absolute } from './measure.js';

const CONNECTIONS = 16;
const STREAMS = 8;
/** A stream that has brought so many is in full flow: its first window is long gone. */
const FLOWING_BYTES = 2_097_152;

export const figuresOfRevocation: readonly Figure[] = [
  {
    name: 'G11',
    title: `the last byte of ${CONNECTIONS * STREAMS} streams in full flow, after \`revoke\` was asked for`,
    goal: 50,
    stretch: 10,
    unit: 'ms',
    open: async () => absolute(lastByteAfterRevoke, async () => {}),
  },
];

async function lastByteAfterRevoke(): Promise<number> {
  const session = await startBrokerSession({ repeater: 'test/fixtures/repeater-bench.mjs' });
  const admin = new RawClient(session.adminSocket);
  await admin.greet(session.adminToken, { role: 'admin' });
  await admin.frame(FRAME.WELCOME);
  let lastByte = 0;
  const streams = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => flood(session, () => (lastByte = performance.now()))),
  );
  await Promise.all(streams.flatMap(({ flowing }) => flowing));
  const asked = performance.now();
  admin.call(1, 1n, { admin: 'revoke' });
  await Promise.all(streams.flatMap(({ ended }) => ended));
  admin.socket.destroy();
  session.close();
  return lastByte - asked;
}

interface Streams {
  /** Kept when so many bytes are here that more are on the way. */
  readonly flowing: readonly Promise<void>[];
  /** Kept when no more can come. */
  readonly ended: readonly Promise<void>[];
}

/** Streams of one connection, read as fast as they come. */
async function flood({ agentDirectory, token }: BrokerSession, byte: () => void): Promise<Streams> {
  const address = { path: path.join(agentDirectory, 'agent.sock') };
  const connection = await BrokerConnection.open({ address, token: parseToken(token), client: 'bench' });
  const calls = Array.from({ length: STREAMS }, () =>
    connection.call({ action: 'loop.flood', params: {}, cwd: '/' }),
  );
  return {
    flowing: calls.map(
      ({ stdout, finished }) =>
        new Promise((resolve, reject) => {
          finished.catch(reject);
          let bytes = 0;
          stdout.on('data', (chunk: Buffer) => {
            byte();
            bytes += chunk.length;
            if (bytes >= FLOWING_BYTES) resolve();
          });
        }),
    ),
    ended: calls.map(({ finished }) =>
      finished.then(
        () => {
          throw new Error('a revoked call came to its end');
        },
        () => {},
      ),
    ),
  };
}
