// The aws repeater: holds one AWS credential, resolves `aws` command lines, and performs the approved ones through the
// real CLI, which never sees the credential.

import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { TurretError } from '../../src/errors.js';
import type { Json } from '../../src/protocol/messages.js';
import { openingLine } from '../sdk/sandbox/opening.js';
import { sandboxMode } from '../sdk/sandbox/prepare-cli.js';
import type { Repeater, RepeaterSecrets } from '../sdk/types.js';
import { prepareAws } from './cli.js';
import { adoptEnvironment, credentialSource, profileDefaults } from './credentials.js';
import { startInjector } from './inject/injector.js';
import { performAws } from './perform.js';
import { planAws } from './plan/plan.js';
import type { AwsContext } from './resolve/context.js';
import { resolveAws } from './resolve/resolve.js';
import { loadTables } from './tables/load.js';

/** @throws TurretError `config_invalid`, or `repeater_unavailable` when there is no usable aws */
export async function createAwsRepeater(secrets: RepeaterSecrets): Promise<Repeater> {
  const { name, config, env, directory, agent_writes: agentWrites } = secrets;
  adoptEnvironment(env, process.env);
  const search = { configured: text(config, 'cli'), path: env['PATH'], home: env['HOME'], agentWrites };
  const sandbox = sandboxMode(text(config, 'sandbox'));
  const calls = await privateDirectory(directory, 'calls');
  const authority = await privateDirectory(directory, 'ca');
  const zygote = zygoteWanted(config) ? { calls, readable: [authority], say } : undefined;
  const cli = await prepareAws({ ...search, sandbox, zygote });
  if (cli.open !== undefined) process.stderr.write(openingLine('aws', cli.open, sandbox));
  void cli.network?.lost.then(startAnew);
  const tables = loadTables(cli.version);
  const source = text(config, 'credentials') ?? 'auto';
  const profile = profileOf(source) ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'] ?? 'default';
  const own = source === 'env' ? {} : await profileDefaults(profile);
  const region = text(config, 'region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? own.region;
  const output = text(config, 'output') ?? env['AWS_DEFAULT_OUTPUT'] ?? own.output;
  const credentials = credentialSource({ source, env, region, now: Date.now });
  const injector = await startInjector({
    directory: authority,
    tables,
    credentials,
    endpoint: endpointOf(config),
    now: Date.now,
    door: await cli.network?.door,
  });
  const context: AwsContext = {
    name,
    tables,
    ...(region === undefined ? {} : { region }),
    ...(output === undefined ? {} : { output }),
    profiles: [profile],
    siblings: siblingProfiles(secrets),
  };
  return {
    version: tables.askedFor,
    tools: ['aws'],
    actions: [{ name: '**', title: 'AWS operations', stdin: true }],
    resolve: (call) => resolveAws(call, context),
    run: (run) =>
      performAws(run, planAws(run.capabilities, context), {
        cli,
        injector,
        calls,
        checkCredentials: credentials,
      }),
  };
}

function text(config: { [key: string]: Json }, key: string): string | undefined {
  const value = config[key];
  if (value === undefined || typeof value === 'string') return value;
  throw new TurretError('config_invalid', `${key}: has to be text`);
}

function endpointOf(config: { [key: string]: Json }): URL | undefined {
  const value = text(config, 'endpoint');
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (
    url &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    url.search === '' &&
    url.username === ''
  )
    return url;
  throw new TurretError('config_invalid', 'endpoint: has to be an http or https URL without a path', {
    hints: ['write it like http://127.0.0.1:4566'],
  });
}

function profileOf(source: string): string | undefined {
  return /^profile:(.+)$/.exec(source)?.[1];
}

function siblingProfiles({ siblings }: RepeaterSecrets): Record<string, string> {
  return Object.fromEntries(
    Object.entries(siblings).flatMap(([name, config]) => {
      const profile =
        typeof config['credentials'] === 'string' ? profileOf(config['credentials']) : undefined;
      return profile === undefined ? [] : [[profile, name]];
    }),
  );
}

/** Its path has no links, as a zygote needs it. */
async function privateDirectory(directory: string, name: string): Promise<string> {
  await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
  return realpath(join(directory, name));
}

function zygoteWanted(config: { [key: string]: Json }): boolean {
  const mode = text(config, 'zygote') ?? 'auto';
  if (mode === 'auto' || mode === 'off') return mode === 'auto';
  throw new TurretError('config_invalid', 'zygote: has to be auto or off');
}

function say(line: string): void {
  process.stderr.write(`turret: ${line}\n`);
}

/** The next call starts another repeater. */
function startAnew(): never {
  process.stderr.write('turret: the network of the real aws is gone\n');
  process.exit(1);
}
