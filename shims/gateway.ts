// The program that with-gateway starts beside the agent. Bundled into one file, as the shim is; no npm package is in it.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { BrokerConnection } from '../src/client/broker-connection.js';
import { locate } from '../src/client/locate.js';
import { refusalLines } from '../src/client/refusal-lines.js';
import { TurretError } from '../src/errors.js';
import { serveGateway } from '../src/gateway/serve.js';
import { AGENT_FILES, type GatewaySettings } from '../src/protocol/agent-directory.js';

// The terminal's, for the agent: this process ends with the session.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTSTP'] as const) process.on(signal, () => {});

async function main(): Promise<void> {
  const directory = dirname(process.argv[1] ?? '');
  const text = readFileSync(join(directory, AGENT_FILES.gatewaySettings), 'utf8');
  const program = join(directory, 'bin', AGENT_FILES.gateway);
  const { token, address } = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  const broker = await BrokerConnection.open({
    address,
    token,
    client: 'gateway',
    lost: () => process.exit(0),
  });
  await serveGateway(JSON.parse(text) as GatewaySettings, broker);
  process.chdir('/');
  writeSync(1, 'ready\n');
  // Whoever reads the agent's output must not wait for us to close it too.
  for (const fd of [1, 2]) {
    closeSync(fd);
    openSync('/dev/null', 'w');
  }
}

main().catch((error: unknown) => {
  const known = error instanceof TurretError ? error : new TurretError('internal', (error as Error).message);
  writeSync(
    2,
    refusalLines(
      new TurretError(known.code, `the gateway cannot start: ${known.message}`, { hints: known.hints }),
    ),
  );
  process.exit(1);
});
