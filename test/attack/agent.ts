// The agent that attacks, inside of the sandbox: one JSON line on stdin is one thing to do, one on stdout how it ended. It
// can run programs, as any agent, and it can speak to its broker's socket itself, as no honest client does.
//
// Bundled into one file. It must not know what a canary looks like: it is searched for them as well.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';

import { FRAME } from '../../src/protocol/codes.js';
import { locate } from '../../src/client/locate.js';
import { formatToken } from '../../src/token/token.js';
import { RawClient } from '../helpers/raw-client.js';
import { ATTACKS_ON_SOCKET } from './frames.js';
import type { SocketWorld } from './socket-world.js';

interface Command {
  readonly id: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly stdin: string | null;
}

const FILE_BYTES_MAX = 1 << 20;
const started = Date.now();
let world: SocketWorld | undefined;

/** The first `aws` on the way: Turret's directory may be beside it. */
function shim(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(':').map((directory) => path.join(directory, 'aws'));
  return places.find((file) => existsSync(file));
}

/** Looked up before any case may have damaged it. */
function socketWorld(): SocketWorld {
  if (world === undefined) {
    const { token, address } = locate({ env: process.env, program: shim(), uid: process.getuid?.() ?? -1 });
    world = { token: formatToken(token), address };
  }
  return world;
}

const BUILT_IN: Record<string, (words: readonly string[], command: Command) => Promise<string> | string> = {
  '@token': () => JSON.stringify(socketWorld()),
  '@honest': honestCall,
  '@files': () => JSON.stringify(newFiles()),
  '@call': ([request = '{}']) => rawCall(JSON.parse(request)),
  '@attack': async ([name = '', more = '{}']) => {
    const attack = ATTACKS_ON_SOCKET[name];
    if (attack === undefined) throw new Error(`nobody wrote down the bytes of ${name}`);
    return JSON.stringify(await attack({ ...socketWorld(), ...JSON.parse(more) }));
  },
};

/** A call that is understood and denied, so that no CLI's time is in it. @returns milliseconds and how it ended */
async function honestCall(): Promise<string> {
  const from = performance.now();
  const end = await signedCall({ tool: 'aws', argv: ['iam', 'list-users'], cwd: '/', facts: {} });
  return JSON.stringify({ ms: Math.round(performance.now() - from), end });
}

/** The request as it is, for words that no command line can hold. */
async function rawCall(request: object): Promise<string> {
  return JSON.stringify(await signedCall(request));
}

async function signedCall(request: object): Promise<unknown> {
  const { token, address } = socketWorld();
  const client = new RawClient(address);
  try {
    await client.greet(token);
    try {
      client.call(1, 1n, request);
    } catch {
      // Past what a frame may be: its head says so, and that is enough to be cut off.
      client.bytes(Buffer.from('011002000000000100ffffff', 'hex'));
    }
    return (await Promise.race([client.json(FRAME.END), client.json(FRAME.FATAL)])) ?? 'closed';
  } finally {
    client.socket.destroy();
  }
}

/** What somebody wrote, since this started, to the places that are the agent's: HOME and /tmp. */
function newFiles(): { file: string; text: string }[] {
  const found: { file: string; text: string }[] = [];
  const look = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      try {
        const stat = lstatSync(file);
        if (stat.isDirectory()) look(file);
        else if (stat.mtimeMs >= started && stat.size <= FILE_BYTES_MAX)
          found.push({
            file,
            text: stat.isSymbolicLink()
              ? readlinkSync(file)
              : stat.isFile()
                ? readFileSync(file, 'base64')
                : '',
          });
      } catch {
        // Not ours to read, or gone already.
      }
    }
  };
  for (const directory of new Set([process.env['HOME'] ?? '/tmp', '/tmp'])) {
    try {
      look(directory);
    } catch {
      // There is none.
    }
  }
  return found.filter(({ file }) => !file.startsWith(process.cwd()));
}

async function run(command: Command): Promise<void> {
  const { id, argv } = command;
  const [file = '', ...args] = argv;
  const builtIn = BUILT_IN[file];
  if (builtIn !== undefined) {
    const said = await builtIn(args, command);
    answer({ id, code: 0, stdout: Buffer.from(said).toString('base64'), stderr: '' });
    return;
  }
  const child = spawn(file, args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: [command.stdin === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const [out, err] = [child.stdout, child.stderr];
  if (out === null || err === null) throw new Error('started without pipes');
  child.stdin?.on('error', () => {
    // It may end without reading: EPIPE here is its right.
  });
  child.stdin?.end(Buffer.from(command.stdin ?? '', 'base64'));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([buffer(out), buffer(err), ended]);
  answer({ id, code, stdout: stdout.toString('base64'), stderr: stderr.toString('base64') });
}

function answer(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

socketWorld();
// An attack may well make the agent fail: it is told, and the next one goes on.
process.on('uncaughtException', (error) => process.stderr.write(`agent: ${String(error)}\n`));
for await (const line of createInterface({ input: process.stdin })) {
  const command: Command = JSON.parse(line);
  run(command).catch((error: unknown) => answer({ id: command.id, failed: String(error) }));
}
process.exit();
