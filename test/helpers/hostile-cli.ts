// A machine with things on it that a CLI must not get at, and a repeater's way of running that CLI, as any user.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Order, Report } from './cli-driver.js';

export const NEEDLE = 'nEeDlE-of-another';

/** Words that start what follows where no namespace can be made. */
export const NO_NAMESPACES = [
  ...['/usr/bin/unshare', '--user', '--map-root-user', '/bin/sh', '-c'],
  ...['echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
];

/** What there is to be had outside. */
export class Outside {
  readonly directory = mkdtempSync('/var/tmp/turret-cli-sandbox-');
  readonly home = join(this.directory, 'home');
  readonly secret = join(this.home, 'credentials');
  readonly otherSocket = join(this.directory, 'calls', 'other', 's');
  readonly abstract = this.directory;
  readonly victim: ChildProcess;
  readonly #uid: number | undefined;
  readonly #servers: Server[] = [];
  readonly #datagrams = createSocket('udp4');

  constructor(uid: number | undefined) {
    this.#uid = uid;
    chmodSync(this.directory, 0o755);
    for (const path of [this.home, join(this.directory, 'elsewhere')]) this.own(path);
    // As where /var/run is a link.
    symlinkSync(join(this.directory, 'elsewhere'), join(this.directory, 'calls'));
    this.own(join(this.otherSocket, '..'));
    writeFileSync(this.secret, NEEDLE);
    copyFileSync(new URL('../fixtures/hostile-cli.py', import.meta.url), this.program);
    chmodSync(this.program, 0o755);
    const zygote = new URL('../../repeaters/sdk/zygote/zygote.py', import.meta.url);
    copyFileSync(zygote, join(this.directory, 'zygote.py'));
    const awaitCall = new URL('../../dist/native/await-call', import.meta.url);
    copyFileSync(awaitCall, join(this.directory, 'await-call'));
    this.victim = spawn('/bin/sleep', ['600'], {
      env: { SECRET: NEEDLE },
      stdio: 'ignore',
      ...this.identity,
    });
  }

  get program(): string {
    return join(this.directory, 'hostile');
  }

  get identity(): { uid?: number; gid?: number } {
    return this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid };
  }

  own(directory: string): void {
    mkdirSync(directory);
    if (this.#uid !== undefined) chownSync(directory, this.#uid, this.#uid);
  }

  async listen(where: { host: string; port: number } | { path: string }): Promise<number> {
    const server = createServer((socket) => socket.end('reached'));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(where, resolve));
    if ('path' in where && !where.path.startsWith('\0')) chmodSync(where.path, 0o777);
    return (server.address() as AddressInfo).port;
  }

  async datagrams(): Promise<number> {
    this.#datagrams.on('message', (_bytes, { port }) => this.#datagrams.send('reached', port, '127.0.0.1'));
    await new Promise<void>((resolve) => this.#datagrams.bind(0, '127.0.0.1', resolve));
    return this.#datagrams.address().port;
  }

  /** Runs the orders as the user, as a repeater would. @param within words that start it in other circumstances */
  async run(orders: readonly Order[], mode: string, within: readonly string[] = []): Promise<Report> {
    const driver = await this.start(orders, mode, within);
    const [said] = await Promise.all([
      text(driver.stdout as NodeJS.ReadableStream),
      new Promise((resolve) => driver.once('close', resolve)),
    ]);
    return JSON.parse(said) as Report;
  }

  async start(orders: readonly Order[], mode: string, within: readonly string[] = []): Promise<ChildProcess> {
    const [script, list] = [join(this.directory, 'driver.mjs'), join(this.directory, 'orders.json')];
    await build({
      entryPoints: [fileURLToPath(new URL('cli-driver.ts', import.meta.url))],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'warning',
    });
    writeFileSync(list, JSON.stringify(orders));
    const [file, ...words] = [...within, process.execPath, script, this.program, list, mode];
    return spawn(file, words, {
      cwd: '/',
      env: { HOME: this.home, PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...this.identity,
    });
  }

  async remove(): Promise<void> {
    this.victim.kill('SIGKILL');
    this.#datagrams.close();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
