// The machine that an agent would like to see, of one user: a home full of keys, a process that holds one, services that
// hand one out. Everything of it ends with close().

import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { World } from '../helpers/turret-world.js';

export const NEEDLE = 'c4NaRyNeEdLe';
const CONFIG = `version: 1
extends: []
repeaters: { aws: { region: us-east-1, credentials: env, endpoint: "http://127.0.0.1:9" }, echo: {} }
rules: [{ id: say, allow: ["echo.say"] }]
agent_user: nobody
`;
const FILES = [
  '.aws/credentials', '.aws/config', '.ssh/id_ed25519', '.config/gh/hosts.yml', '.git-credentials', '.npmrc', '.netrc',
  '.docker/config.json', '.kube/config', '.gnupg/secring.gpg', '.cargo/credentials.toml', '.config/turret/turret.yaml',
]; // prettier-ignore
const HISTORIES = ['.bash_history', '.zsh_history', '.local/share/fish/fish_history'];
/** A mount of our own that everybody may write, and that no level empties or closes. */
const ELSEWHERE = '/usr/src';
const OUTSIDE = ['kernel.py', 'launch.py', 'neighbour.py', 'daemon.py', 'filtered.py'];
const AGENT = ['kernel.py', 'probe.py', 'typist.py'];

export interface User {
  name: string;
  /** Undefined: whoever runs the tests. */
  uid: number | undefined;
  /** Path of bin/turret.js that the user can read. */
  turret: string;
}

export class Host {
  readonly world: World;
  readonly user: User;
  readonly programs: string;
  readonly datagrams: string[] = [];
  /** For the probe: everything an attacker would have to find out first. */
  readonly known: Record<string, unknown>;
  readonly #children: ChildProcess[] = [];
  #node?: ChildProcess;
  #daemon?: ChildProcess;

  constructor(user: User) {
    this.user = user;
    const { uid, turret } = user;
    this.world = new World(CONFIG, { turret, ...(uid === undefined ? {} : { uid }) });
    const { world } = this;
    this.programs = path.join(ELSEWHERE, path.basename(world.root));
    mkdirSync(this.programs, { mode: 0o755 });
    for (const source of OUTSIDE)
      copyFileSync(path.resolve('test/escape', source), path.join(this.programs, source));
    for (const source of AGENT)
      copyFileSync(path.resolve('test/escape', source), path.join(world.workspace, source));
    // The shim, as a thief would have it who knows what Turret is.
    copyFileSync(path.join(path.dirname(turret), '../dist/shim.cjs'), path.join(this.programs, 'turret'));
    const dotfiles = path.join(world.root, 'dotfiles');
    const policyInWorkspace = path.join(world.workspace, 'policy/turret.yaml');
    const elsewhere = path.join(this.programs, 'keys/credentials');
    this.#write([elsewhere, path.join(dotfiles, 'credentials')], NEEDLE);
    this.#write(
      [...FILES, ...HISTORIES].map((file) => path.join(world.home, file)),
      `${NEEDLE}\n`,
    );
    symlinkSync(dotfiles, path.join(world.home, '.aws-linked'));
    world.env = {
      ...world.env,
      AWS_ACCESS_KEY_ID: NEEDLE,
      AWS_SECRET_ACCESS_KEY: NEEDLE,
      AWS_SHARED_CREDENTIALS_FILE: elsewhere,
      SSH_AUTH_SOCK: path.join(world.root, 'ssh/agent'),
    };
    this.known = {
      needle: NEEDLE,
      home: world.home,
      workspace: world.workspace,
      files: FILES,
      histories: HISTORIES,
      dotfiles: path.join(world.home, '.aws-linked/credentials'),
      elsewhere,
      sockets: {
        docker: `/run/docker-${uid ?? 'self'}.sock`,
        'docker of the user': path.join(world.runtime, 'docker.sock'),
        'ssh-agent': path.join(world.root, 'ssh/agent'),
        'gpg-agent': path.join(world.home, '.gnupg/S.gpg-agent'),
        'D-Bus of the session': path.join(world.runtime, 'bus'),
        tmux: `/tmp/tmux-${path.basename(world.root)}/default`,
        'a daemon of an agent': path.join(world.home, '.claude/agent/daemon.sock'),
      },
      late: path.join(world.home, '.claude/agent/late.sock'),
      abstract: `escape-${path.basename(world.root)}`,
      datagrams: path.join(world.workspace, 'datagrams.sock'),
      metadata: ['169.254.169.254', '169.254.170.2'],
      policy: path.join(world.home, '.config/turret/turret.yaml'),
      policyInWorkspace,
      nodeProgram: process.execPath,
      setuid: this.#setuid(),
    };
    this.writePolicy();
  }

  /** Starts the processes that hold keys. */
  async open(): Promise<void> {
    const { world } = this;
    const { sockets, abstract, datagrams } = this.known as {
      sockets: Record<string, string>;
      [name: string]: unknown;
    };
    const secrets = path.join(world.root, 'neighbour');
    this.#write([path.join(secrets, 'none')], '');
    const asked = {
      needle: NEEDLE,
      directory: secrets,
      sockets: Object.values(sockets),
      abstract,
      datagrams,
    };
    const neighbour = this.start(
      ['/usr/bin/python3', path.join(this.programs, 'neighbour.py'), JSON.stringify(asked)],
      'pipe',
    );
    this.known['neighbour'] = await new Promise((resolve, reject) => {
      createInterface({ input: neighbour.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const said = JSON.parse(line) as { pid?: number; datagram?: string };
        if (said.datagram === undefined) resolve(said);
        else this.datagrams.push(said.datagram);
      });
      neighbour.once('exit', () => reject(new Error('the neighbour does not run')));
    });
  }

  /** A fresh Node process without protection: its id. */
  async node(): Promise<number> {
    this.#node?.kill('SIGKILL');
    const node = this.start(
      [process.execPath, '-e', 'setInterval(() => {}, 1000); console.log("up")'],
      'pipe',
    );
    this.#node = node;
    await new Promise((resolve) => node.stdout?.once('data', resolve));
    return node.pid ?? 0;
  }

  /** A daemon of an agent that is started now. */
  async daemon(): Promise<void> {
    this.#daemon?.kill('SIGKILL');
    const { late } = this.known as { late: string };
    const daemon = this.start(
      ['/usr/bin/python3', path.join(this.programs, 'daemon.py'), NEEDLE, late],
      'pipe',
    );
    this.#daemon = daemon;
    await new Promise((resolve) => daemon.stdout?.once('data', resolve));
  }

  /** Starts something as this user, in the environment and with what a login leaves behind. */
  login(words: string[]): ChildProcess {
    return this.start(
      ['/usr/bin/python3', path.join(this.programs, 'launch.py'), NEEDLE, ...words],
      'ignore',
    );
  }

  start(words: string[], stdin: 'pipe' | 'ignore'): ChildProcess {
    const child = this.world.start(words, { stdio: [stdin, 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  /** The words of `turret run` with the policy that lies in the workspace. */
  words(command: string[], options: string[]): string[] {
    const words = this.world.words(command, options);
    words[words.indexOf(this.world.config)] = String(this.known['policyInWorkspace']);
    return words;
  }

  /** As this user, for a program that takes no user id itself. */
  prefix(): string[] {
    const { uid } = this.user;
    return uid === undefined
      ? []
      : ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  }

  /** What the operator does who wants the agent to be another user. */
  giveWorkspaceTo(uid: number): void {
    chmodSync(this.world.root, 0o711);
    chownSync(this.world.workspace, uid, uid);
  }

  writePolicy(): void {
    this.#write([String(this.known['policyInWorkspace'])], CONFIG);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    const { tmux } = this.known['sockets'] as { tmux: string };
    rmSync(path.dirname(tmux), { recursive: true, force: true });
    this.world.close();
  }

  #write(files: string[], text: string): void {
    const { uid } = this.user;
    for (const file of files) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      if (uid === undefined) continue;
      for (
        let at = file;
        at !== this.world.root && at !== this.programs && at !== this.world.home;
        at = path.dirname(at)
      )
        chownSync(at, uid, uid);
    }
  }

  // Only root can make one, and for root it would change nothing.
  #setuid(): string | null {
    if (this.user.uid === undefined) return null;
    const program = path.join(this.programs, 'id');
    copyFileSync('/usr/bin/id', program);
    chmodSync(program, 0o4755);
    return program;
  }
}
