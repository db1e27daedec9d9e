// The gh repeater: one host, one token.

import { TurretError } from '../../src/errors.js';
import type { RegisteredAction } from '../../src/protocol/messages.js';
import { openingLine } from '../sdk/sandbox/opening.js';
import { sandboxMode } from '../sdk/sandbox/prepare-cli.js';
import type { Repeater, RepeaterSecrets } from '../sdk/types.js';
import { prepareGh } from './cli.js';
import { findToken } from './credentials.js';
import { createUpstream } from './inject/upstream.js';
import { ghStandby, performGh } from './perform.js';
import { planGh } from './plan.js';
import { annotate, snake } from './resolve/annotations.js';
import { resolveGh } from './resolve/resolve.js';
import { loadTable } from './tables.js';
import type { GhTable } from './types.js';

/** Actions that no subcommand of gh stands for. */
const OWN_ACTIONS: readonly RegisteredAction[] = [
  { name: 'cli.version', annotations: annotate('local') },
  { name: 'cli.help', annotations: annotate('local') },
  { name: 'api.get', annotations: annotate('read') },
  { name: 'api.post', annotations: annotate('write') },
  { name: 'api.put', annotations: annotate('write') },
  { name: 'api.patch', annotations: annotate('write') },
  { name: 'api.delete', annotations: annotate('destructive') },
  { name: 'api.graphql_query', annotations: annotate('read') },
  { name: 'api.graphql_mutation', annotations: { ...annotate('write'), destructive: true } },
  { name: 'repo.read_secret_file', annotations: { ...annotate('read'), secretOutput: true } },
  { name: 'repo.read_secret_alerts', annotations: { ...annotate('read'), secretOutput: true } },
  { name: 'repo.read_blob', annotations: { ...annotate('read'), secretOutput: true } },
];
/** Reads that exist as paths of the API before this gh has a subcommand for them. */
const API_READS = ['cache.list', 'variable.list', 'variable.get', 'search.code'];

/** @throws TurretError `config_invalid`, `repeater_unavailable` */
export async function createGhRepeater(secrets: RepeaterSecrets): Promise<Repeater> {
  const { config, env, agent_writes: agentWrites } = secrets;
  const host = text(config, 'host')?.toLowerCase() ?? 'github.com';
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/.test(host))
    throw invalid('host', 'a host name, for example github.com');
  const mode = text(config, 'credentials') ?? 'auto';
  if (mode !== 'env' && mode !== 'auto') throw invalid('credentials', 'env or auto');
  const sandbox = sandboxMode(text(config, 'sandbox'));
  const cli = await prepareGh({ configured: text(config, 'cli'), path: env['PATH'], agentWrites, sandbox });
  if (cli.open !== undefined) process.stderr.write(openingLine('gh', cli.open, sandbox));
  const { path: gh, version } = cli;
  const table = loadTable(version);
  const context = { name: secrets.name, host, table };
  let token: Promise<string> | undefined;
  const log = (line: string): void => void process.stderr.write(`turret: ${line}\n`);
  const { directory } = secrets;
  const runtime = {
    context,
    cli,
    directory,
    standby: ghStandby({ cli, directory, log }),
    upstream: createUpstream(endpointOf(text(config, 'endpoint'))),
    token: () => {
      token ??= findToken({ env, host, mode, gh }).catch((error: unknown) => {
        // The user may log in while the session runs: the next call asks again.
        token = undefined;
        throw error;
      });
      return token;
    },
    log,
  };
  return {
    version,
    tools: ['gh'],
    actions: registeredActions(table),
    resolve: (call) => resolveGh(call, context),
    run: (run) => performGh(run, runtime, planGh(run, context)),
  };
}

function registeredActions(table: GhTable): RegisteredAction[] {
  const actions = new Map(OWN_ACTIONS.map((action) => [action.name, action]));
  for (const name of API_READS) actions.set(name, { name, annotations: annotate('read') });
  for (const [name, command] of Object.entries(table.commands)) {
    if (command.refuse !== undefined || command.class === 'api') continue;
    const words = snake(name).replaceAll(' ', '.');
    actions.set(words, { name: words, annotations: annotate(command.class) });
  }
  return [...actions.values()];
}

function text(config: RepeaterSecrets['config'], key: string): string | undefined {
  const value = config[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(key, 'text');
  return value;
}

function endpointOf(value: string | undefined): URL | undefined {
  if (value === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw invalid('endpoint', 'an address, for example http://127.0.0.1:8090');
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.search !== '') {
    throw invalid('endpoint', 'an address, for example http://127.0.0.1:8090');
  }
  return url;
}

function invalid(key: string, wanted: string): TurretError {
  return new TurretError('config_invalid', `${key} of a gh repeater is not understood`, {
    hints: [`write ${wanted}`],
  });
}
