// The gateway of a session: its port, its bearer, what the agent's programs find in their environment, and the files it is
// started from. It runs in the agent's sandbox (src/gateway), so it works wherever the agent can reach a port of its own
// 127.0.0.1: with a network namespace of its own too.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { type GatewayUrls, type Told, knownAgent } from '../agents/agents.js';
import type { Config } from '../config/config.js';
import { gatewayVariables } from '../config/upstream-presets.js';
import { installed } from '../installation.js';
import { AGENT_FILES, type GatewaySettings } from '../protocol/agent-directory.js';
import { withInterpreter } from './agent-directory.js';

const PROGRAM = installed('dist/gateway.cjs');
const PROXY = /^(?:https?|all)_proxy$/i;

// The agent's command takes the place of the shell. The gateway is nobody's child by then: inside a sandbox its first
// process collects it, elsewhere the session's mark is found in its environment.
const START = `#!/bin/sh
[ "$("\${0%/*}/${AGENT_FILES.gateway}" </dev/null &)" = ready ] || exit 125
exec "$@"
`;

export interface Gateway {
  /** Of 127.0.0.1; the agent must be let connect to it. */
  port: number;
  /** For the agent, when its own directory is there: over the variables it has, and before the words of its command. */
  tell(agentDirectory: string): { env: Record<string, string>; args: string[] };
}

/**
 * Puts what is needed into the agent's directory. Undefined when the configuration wants none.
 * @param agent its environment so far, its program, and the words after that
 */
export async function prepareGateway(
  { gateway: routes }: Pick<Config, 'gateway'>,
  directory: string,
  agent: { env: Record<string, string>; program: string | undefined; words: readonly string[] },
): Promise<Gateway | undefined> {
  if (routes.length === 0) return undefined;
  const { env, program, words } = agent;
  const port = await freePort();
  const bearer = `trb_${randomBytes(32).toString('hex')}`;
  const settings: GatewaySettings = {
    port,
    bearer_sha256: createHash('sha256').update(bearer).digest('hex'),
    routes,
  };
  writeFileSync(join(directory, AGENT_FILES.gatewaySettings), JSON.stringify(settings), { mode: 0o644 });
  writeFileSync(join(directory, AGENT_FILES.gateway), withInterpreter(readFileSync(PROGRAM, 'utf8')), {
    mode: 0o755,
  });
  writeFileSync(join(directory, AGENT_FILES.withGateway), START, { mode: 0o755 });
  const known = knownAgent(program);
  for (const [name, text] of Object.entries(known?.files ?? {}))
    writeFileSync(join(directory, name), text, { mode: 0o644 });
  const urlOf = (alias: string): string => `http://127.0.0.1:${port}/${alias}`;
  const variables = Object.fromEntries(
    routes.flatMap(({ alias }) =>
      Object.entries(gatewayVariables(alias)).map(([name, text]): [string, string] => [
        name,
        text.replace('{url}', urlOf(alias)).replace('{bearer}', bearer),
      ]),
    ),
  );
  const urls: GatewayUrls = Object.fromEntries(routes.map(({ alias }) => [alias, urlOf(alias)]));
  return {
    port,
    tell(agentDirectory) {
      const told: Told = known?.tell?.({ urls, bearer, directory: agentDirectory, env, words }) ?? {};
      const kept = Object.entries(variables).filter(([name]) => told.without?.includes(name) !== true);
      return {
        env: { ...Object.fromEntries(kept), ...told.env, ...pastProxies(env) },
        args: told.args ?? [],
      };
    },
  };
}

// A program that obeys a proxy would ask it for our 127.0.0.1.
function pastProxies(env: Record<string, string>): Record<string, string> {
  if (!Object.keys(env).some((name) => PROXY.test(name))) return {};
  const without = (name: string): string => [env[name], '127.0.0.1'].filter(Boolean).join(',');
  return { NO_PROXY: without('NO_PROXY'), no_proxy: without('no_proxy') };
}

// Free a moment ago. Where somebody else is faster the gateway cannot start, and the agent does not either.
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
