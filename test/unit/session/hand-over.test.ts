import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { handOver } from '../../../src/session/hand-over.js';
import { until } from '../../helpers/processes.js';

/** Kept from its event loop until it may go on, as a broker is on a busy machine. Tells what came by the socket. */
const RECEIVER = `
const { existsSync } = require('node:fs');
process.on('message', (_message, socket) => {
  let text = '';
  socket.on('data', (bytes) => (text += bytes)).on('end', () => process.send(text));
});
process.send('here');
while (!existsSync(process.argv[1]));
`;

let directory: string;
let receiver: ChildProcess;
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'turret-hand-over-'))));
afterEach(() => {
  receiver.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

it('leaves the first words on a socket to who is given it, however late that one looks', async () => {
  const goOn = path.join(directory, 'go-on');
  const said = path.join(directory, 'said');
  receiver = spawn(process.execPath, ['-e', RECEIVER, goOn], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(receiver, 'message');
  const talker = spawn('/bin/sh', ['-c', `printf 'first words' >&3; : > ${said}`], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  handOver(receiver, {}, talker.stdio[3] as Socket);
  await until('the first words', () => existsSync(said));
  const heard = once(receiver, 'message');
  writeFileSync(goOn, '');
  expect((await heard)[0]).toBe('first words');
});
