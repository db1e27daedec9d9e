// The gateway of a session: its port, its bearer, what the agent's programs find in their environment, and the files it is
// started from. It runs in the agent's sandbox (src/gateway), so it works wherever the agent can reach a port of its own
// 127.0.0.1: with a network namespace of its own too.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { installed } from '../installation.js';
import type { Config } from '../config/config.js';
import { gatewayVariables } from '../config/upstream-presets.js';
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
  /** For the agent, over what it has. */
  env: Record<string, string>;
}

/**
 * Puts what is needed into the agent's directory. Undefined when the configuration wants none.
 * @param env the agent's environment so far
 */
export async function prepareGateway(
  { gateway: routes }: Pick<Config, 'gateway'>,
  { directory, env }: { directory: string; env: Record<string, string> },
): Promise<Gateway | undefined> {
  if (routes.length === 0) return undefined;
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
  const own = routes.flatMap(({ alias }) =>
    Object.entries(gatewayVariables(alias)).map(([name, text]): [string, string] => [
      name,
      text.replace('{url}', `http://127.0.0.1:${port}/${alias}`).replace('{bearer}', bearer),
    ]),
  );
  return { port, env: { ...Object.fromEntries(own), ...pastProxies(env) } };
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
