// Starts a stage in namespaces of its own and reads what it says. Everything of it ends with its first process.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import type { StageMessage, StageRequest } from './on-stage.js';

export const isRoot = process.getuid?.() === 0;
/** What is needed and nothing else: a variable of ours may name a proxy or certificates. */
const ENV = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: process.env['HOME'] ?? '/',
  NODE_ENV: 'production',
};

/** Not by its file name: the fakes are programs too, and would take themselves for the one that was started. */
const START = `await (await import(${JSON.stringify(pathToFileURL(path.resolve('dist/test/attack-stage.mjs')))})).onStage()`;

/** @param signal ends it, and with it all that it started */
export async function runStage(
  request: StageRequest,
  each: (message: StageMessage) => void,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(
    '/usr/bin/unshare',
    [
      ...(isRoot ? [] : ['--user', '--map-root-user']),
      ...['--net', '--mount', '--pid', '--ipc', '--uts', '--fork', '--mount-proc', '--kill-child'],
      // A shell as the first process waits for orphans; node does not.
      ...['/bin/sh', '-c', '"$@"; exit $?', 'sh', process.execPath, '--input-type=module', '-e', START],
    ],
    { env: ENV, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin.on('error', () => {
    // It did not start; that is told below.
  });
  child.stdin.end(JSON.stringify(request));
  const end = (): boolean => child.kill('SIGKILL');
  signal?.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  createInterface({ input: child.stdout }).on('line', (line) => each(JSON.parse(line)));
  const code = await closed;
  process.off('exit', end);
  if (code !== 0 && signal?.aborted !== true) each({ broke: `the stage ended with ${code}` });
}
