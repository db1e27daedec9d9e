// The sandbox a session would get here, and the directories it needs, for as long as the doctor looks at it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../config/config.js';
import { isWithin, realPlace } from '../platform/paths.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { enclose } from '../isolation/isolation.js';
import type { Level } from '../isolation/levels.js';
import {
  createRuntimeDirectory,
  removeRuntimeDirectory,
  type RuntimeDirectory,
  runtimeRoots,
} from '../platform/runtime-directory.js';
import { agentEnvironment } from '../session/environment.js';
import { ownFiles } from '../session/own-files.js';
import { vaultDirectory } from '../session/vault-directory.js';
import type { Environment } from './environment.js';

export interface Surroundings {
  env: Environment;
  cwd: string;
  /** The user's id. */
  uid: number;
  /** Where sessions are recorded. */
  state: string | undefined;
  /** Absent when it has problems; what applies without a file is used then. */
  config: Config | undefined;
}

/** What a shim of the doctor's sandbox has in it. */
export const SHIM_MARK = '#!/bin/sh\n# turret doctor: a shim\n';

export class Sandbox {
  readonly directory: RuntimeDirectory;
  readonly env: Record<string, string>;
  readonly workspace: string;
  readonly #enclosures: Enclosure[] = [];
  readonly #temporary: string | undefined;
  readonly #surroundings: Surroundings;

  /** Makes a runtime directory as a session would. Throws TurretError `state_unwritable`, `socket_path_too_long`. */
  constructor(surroundings: Surroundings) {
    const { env, uid, cwd } = surroundings;
    this.#surroundings = surroundings;
    this.env = agentEnvironment({ from: env, pass: [], unsafe: [] }).env;
    this.directory = createRuntimeDirectory(runtimeRoots(env, uid), {
      sid: randomBytes(10).toString('hex'),
      pid: process.pid,
      label: 'turret doctor',
      command: 'turret doctor',
      started: new Date().toISOString(),
      isolation: 'auto',
    });
    for (const tool of this.tools) {
      writeFileSync(join(this.directory.agent, 'bin', tool), `${SHIM_MARK}exit 126\n`, { mode: 0o755 });
    }
    // Not the home directory itself: that a session cannot start there is a line of its own.
    this.#temporary = isWithin(realPlace(env['HOME'] ?? '/nonexistent'), cwd)
      ? mkdtempSync(join(tmpdir(), 'turret-doctor-'))
      : undefined;
    this.workspace = this.#temporary ?? cwd;
  }

  /** Programs that are shims in every session. */
  get tools(): readonly string[] {
    return ['aws', 'gh'];
  }

  /** Tries the profile and returns how to use it. Throws TurretError `isolation_unavailable`. */
  async enclose(level: Level): Promise<Enclosure> {
    const { env, state, config } = this.#surroundings;
    const own = ownFiles();
    const enclosure = await enclose(level, {
      net: config?.net,
      ports: config?.ports ?? [],
      cwd: this.workspace,
      home: env['HOME'] ?? '/nonexistent',
      homeAllow: config?.home.allow ?? [],
      program: process.execPath,
      agentDirectory: this.directory.agent,
      agentSocket: this.directory.agentSocket,
      temporary: this.directory.temporary,
      agentUser: config?.agent_user,
      tools: [...this.tools],
      hidden: [...(state === undefined ? [] : [state]), ...vaultDirectory(this.env)],
      fixed: own.present,
      vacant: own.absent,
      secrets: [],
      env: this.env,
    });
    this.#enclosures.push(enclosure);
    return enclosure;
  }

  /** A directory outside the sandbox, gone with the others. */
  outside(): string {
    const directory = join(this.directory.path, 'doctor');
    mkdirSync(directory, { mode: 0o700 });
    return directory;
  }

  remove(): void {
    for (const enclosure of this.#enclosures) enclosure.end();
    removeRuntimeDirectory(this.directory);
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }
}
