// The real CLIs, and where the repeaters would find credentials.

import type { RepeaterConfig } from '../config/config.js';
import { REPEATERS_WITHOUT_FILE } from '../config/load.js';
import { type Check, withFix } from './check.js';
import { credentialSource } from './credential-source.js';
import type { Environment } from './environment.js';
import { type InstalledTool, installedAws, installedGh } from './installed-tools.js';

/**
 * A line for each program that the configured repeaters run, and one for all: are they shut in. A session starts without
 * them; calls then fail.
 */
export async function toolChecks(
  repeaters: Record<string, RepeaterConfig> = REPEATERS_WITHOUT_FILE,
  env: Environment,
): Promise<Check[]> {
  const asked = new Map<string, Promise<InstalledTool>>();
  for (const { kind, cli, sandbox, zygote = 'auto', command } of Object.values(repeaters)) {
    if (command !== undefined || (kind !== 'aws' && kind !== 'gh')) continue;
    const config = { cli, sandbox: typeof sandbox === 'string' ? sandbox : undefined, zygote };
    const key = [kind, cli, config.sandbox, zygote].join(' ');
    if (!asked.has(key))
      asked.set(key, kind === 'aws' ? installedAws(env, config) : installedGh(env, config));
  }
  const tools = await Promise.all(asked.values());
  return [
    ...tools.map(toolCheck),
    ...cliSandboxChecks(tools),
    ...tools.flatMap(zygoteCheck),
    ...tools.flatMap(waitingCheck),
  ];
}

/** Nothing to say where it was not tried. */
export function zygoteCheck({ cold }: InstalledTool): Check[] {
  const shared = { id: 'tool.zygote', group: 'tools' as const, what: 'aws kept warm' };
  if (cold === undefined) return [];
  if (cold === null)
    return [
      {
        ...shared,
        state: 'yes',
        level: 'ok',
        why: 'each call is forked from a process that has it imported',
      },
    ];
  return [{ ...shared, state: 'no', level: 'info', why: `each call starts it by itself: ${cold}` }];
}

/** Nothing to say where it was not tried. */
export function waitingCheck({ unprepared }: InstalledTool): Check[] {
  const shared = { id: 'tool.waiting', group: 'tools' as const, what: 'sandbox waits for gh' };
  if (unprepared === undefined) return [];
  if (unprepared === null)
    return [
      { ...shared, state: 'yes', level: 'ok', why: 'from the first call on one is ready for the next' },
    ];
  return [{ ...shared, state: 'no', level: 'info', why: `each call makes its own: ${unprepared}` }];
}

/** Nothing to say where there is no program. */
export function cliSandboxChecks(tools: readonly InstalledTool[]): Check[] {
  const found = tools.filter(({ version }) => version !== undefined);
  if (found.length === 0) return [];
  const shared = { id: 'tool.sandbox', group: 'tools' as const, what: 'real programs shut in' };
  const open = found.flatMap(({ tool, open: opening }) =>
    opening === undefined ? [] : [{ tool, ...opening }],
  );
  const [first] = open;
  if (first === undefined) {
    const why = 'each call sees its own files and its own injector, nothing else';
    return [{ ...shared, state: 'yes', level: 'ok', why }];
  }
  const why = open.map((one) => `${one.tool}: ${one.why}`).join('; ');
  return [{ ...shared, state: 'no', level: 'warn', why, fix: first.hint }];
}

export function toolCheck({ tool, path = '', version, table, problem, fix }: InstalledTool): Check {
  const shared = { id: `tool.${tool}`, group: 'tools' as const, what: `${tool} CLI` };
  if (version === undefined || table === undefined) {
    const state = version === undefined ? 'missing' : 'unknown';
    return withFix({ ...shared, state, level: 'warn', why: problem ?? `calls to ${tool} fail` }, fix);
  }
  const exact = table === version;
  const why = `${path} ${version}, ${exact ? 'its own table' : `by the table of ${table}, the nearest older one: newer commands are refused`}`;
  return { ...shared, state: 'ok', level: exact ? 'ok' : 'info', why };
}

/** One line for each repeater that holds a credential. */
export function credentialChecks(
  repeaters: Record<string, RepeaterConfig> = REPEATERS_WITHOUT_FILE,
  env: Environment,
): Check[] {
  return Object.values(repeaters).flatMap((repeater) => {
    const source = credentialSource(repeater, env);
    if (source === undefined) return [];
    const shared = {
      id: `credential.${repeater.name}`,
      group: 'credentials' as const,
      what: `credential of ${repeater.name}`,
    };
    if (source.found)
      return [
        {
          ...shared,
          state: 'found',
          level: 'ok' as const,
          why: `${source.source}; whether it is valid shows the first call`,
        },
      ];
    return [withFix({ ...shared, state: 'missing', level: 'warn', why: source.source }, source.fix)];
  });
}
