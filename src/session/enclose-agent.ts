// What an agent is started with, whoever decides for it: this machine's sandbox and the allow-listed environment.

import type { Config } from '../config/config.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { encloseWithin } from '../isolation/minimum.js';
import type { RuntimeDirectory } from '../platform/runtime-directory.js';
import { type AgentEnvironment, agentEnvironment } from './environment.js';
import { fixedFiles } from './fixed-files.js';
import type { RunOptions } from './options.js';

/** Throws TurretError env_refused. */
export function environmentOf(options: RunOptions, config: Config): AgentEnvironment {
  return agentEnvironment({
    from: process.env,
    pass: [...config.env.pass, ...options.env],
    unsafe: [...config.env.unsafe, ...options.envUnsafe],
  });
}

export interface AgentPlace {
  options: RunOptions;
  config: Config;
  environment: AgentEnvironment;
  directory: RuntimeDirectory;
  /** The broker's socket, as it is bound into the sandbox. */
  agentSocket: string;
  program: string | undefined;
  tools: string[];
  hidden: string[];
  ports: number[];
}

/** Throws TurretError isolation_unavailable. */
export function encloseAgent(place: AgentPlace): Promise<Enclosure> {
  const { options, config, environment, directory, agentSocket, program, tools, hidden, ports } = place;
  return encloseWithin(options.isolation ?? config.isolation, config.min_isolation, {
    cwd: process.cwd(),
    home: environment.env['HOME'] ?? '/nonexistent',
    homeAllow: config.home.allow,
    ...{ program, tools, hidden, agentSocket },
    agentDirectory: directory.agent,
    temporary: directory.temporary,
    agentUser: config.agent_user,
    net: options.net ?? config.net,
    ports: [...config.ports, ...options.ports, ...ports],
    ...fixedFiles(config, { env: process.env, workspace: process.cwd() }),
    env: environment.env,
  });
}
