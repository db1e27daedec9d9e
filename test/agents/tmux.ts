// A terminal that remembers what is on it: tmux, with a server and settings of its own.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 100;
const KEY_MS = 150;

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

export class Tmux {
  readonly #socket: string;

  /** Starts the command in the only window. @param directory of its socket */
  constructor(
    directory: string,
    start: { command: readonly string[]; cwd: string; env: Record<string, string>; size: Size },
  ) {
    this.#socket = path.join(directory, 'tmux');
    const { command, cwd, env, size } = start;
    const place = ['-x', `${size.cols}`, '-y', `${size.rows}`, '-c', cwd];
    const given = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    this.#tmux(['-f', '/dev/null', 'new-session', '-d', ...place, ...given, '--', ...command], {
      ...env,
      TERM: 'xterm-256color',
    });
    this.#tmux(['set-option', '-g', 'remain-on-exit', 'on']);
  }

  /** What is on the screen. */
  text(): string {
    return this.#tmux(['capture-pane', '-p']);
  }

  /** Columns up to the last one that has something in it. */
  width(): number {
    return Math.max(
      ...this.text()
        .split('\n')
        .map((line) => Array.from(line).length),
    );
  }

  /** Waits until it is on the screen. Rejects with the screen. */
  async until(pattern: RegExp, ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    while (!pattern.test(this.text())) {
      if (performance.now() > deadline)
        throw new Error(`the screen never showed ${String(pattern)}, but:\n${this.text()}`);
      await sleep(LOOK_MS);
    }
  }

  /** Types, as fast as a person who types fast: what comes all at once is taken for pasted. */
  async type(text: string): Promise<void> {
    this.#tmux(['send-keys', '-l', '--', text]);
    await sleep(KEY_MS);
  }

  /** Presses a key by tmux's name for it. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.#tmux(['send-keys', key]);
      await sleep(KEY_MS);
    }
  }

  resize({ cols, rows }: Size): void {
    this.#tmux(['resize-window', '-x', `${cols}`, '-y', `${rows}`]);
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server'], { stdio: 'ignore' });
  }

  #tmux(words: string[], env: Record<string, string> = {}): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-S', this.#socket, ...words], {
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', ...env },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tmux ${words[0] ?? ''}: ${stderr}`);
    return stdout;
  }
}
