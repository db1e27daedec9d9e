// The repeater for tools that a manifest describes: argv in, one capability out; the capability in, argv out.

import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { TurretError } from '../../src/errors.js';
import { locateCli } from '../sdk/find-cli.js';
import { sandboxMode } from '../sdk/sandbox/prepare-cli.js';
import type { Repeater, RepeaterSecrets } from '../sdk/types.js';
import { checkDefaults, readDeclaration, registered } from './declaration.js';
import { readCredentials } from './give.js';
import { performDeclared } from './perform.js';
import { type Declared, resolveDeclared } from './resolve.js';
import { ShutIn } from './shut-in.js';
import { toolOf } from './tool.js';

const CONCURRENCY = 16;

/** @throws TurretError `manifest_invalid`, or `repeater_unavailable` when there is no such program */
export async function createDeclaredRepeater(secrets: RepeaterSecrets): Promise<Repeater> {
  const declaration = readDeclaration(secrets.config);
  const { command, tools, directory } = declaration;
  const [named = '', ...first] = command;
  const tool = toolOf(declaration);
  checkDefaults(tool);
  const configured = declaration.cli ?? (named.includes('/') ? resolve(directory, named) : undefined);
  const kind = { tool: basename(named), product: 'it', version: /(.)/, env: {} };
  const search = { configured, path: undefined, agentWrites: secrets.agent_writes };
  const program = await realpath(await locateCli(kind, search));
  const shutIn = new ShutIn({
    tool: basename(named),
    program,
    mode: sandboxMode(declaration.sandbox),
    network: declaration.network,
    ownExits: declaration.own_exits ?? [],
    directory: secrets.directory,
    log: (line) => process.stderr.write(`turret: ${line}\n`),
  });
  const sources = { give: declaration.give ?? [], secrets: secrets.env, directory };
  await shutIn.begin(await filesNow(sources));
  const declared: Declared = { name: secrets.name, tools, tool };
  return {
    version: declaration.version ?? '0',
    tools,
    actions: registered(tool),
    concurrency: CONCURRENCY,
    resolve: (call) => Promise.resolve(resolveDeclared(call, declared)),
    run: (run) =>
      performDeclared(run, {
        declared,
        program,
        first,
        env: declaration.env,
        sources,
        shutIn,
      }),
  };
}

/** A credential may come later than the session: each call asks again, and says so when it is not there. */
async function filesNow(sources: Parameters<typeof readCredentials>[0]): Promise<string[]> {
  try {
    return (await readCredentials(sources)).map(({ value }) => value);
  } catch (error) {
    if (error instanceof TurretError) return [];
    throw error;
  }
}
