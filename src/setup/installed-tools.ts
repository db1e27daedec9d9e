// The real CLIs and the command tables that serve them. Asking for a version needs neither a credential nor the network;
// both repeaters do the same when they start.

import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prepareAws } from '../../repeaters/aws/cli.js';
import { loadTables } from '../../repeaters/aws/tables/load.js';
import { prepareGh } from '../../repeaters/gh/cli.js';
import { loadTable } from '../../repeaters/gh/tables.js';
import type { CliSearch } from '../../repeaters/sdk/find-cli.js';
import type { Opening, SandboxMode } from '../../repeaters/sdk/sandbox/opening.js';
import type { PreparedCli } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import type { ZygoteMode } from '../config/config.js';
import { TurretError } from '../errors.js';
import { agentWrites } from '../isolation/home.js';
import type { Environment } from './environment.js';
import { whyNoneWaits } from './waiting-gh.js';

export interface InstalledTool {
  tool: string;
  /** Absent when it cannot be used; `problem` says why. */
  path?: string;
  version?: string;
  /** Version of the table that says what its command lines mean. */
  table?: string;
  problem?: string;
  fix?: string;
  /** Of aws, when it was tried: why each call starts it by itself; null when calls are forked. */
  cold?: string | null;
  /** Of gh, when it is shut in: why each call makes its sandbox; null when one waits. */
  unprepared?: string | null;
  /** Why it would run without a sandbox; absent when it is shut in, or there is no such program. */
  open?: Opening;
}

/** What the configuration says about the program. */
export interface ToolConfig {
  cli?: string | undefined;
  sandbox?: SandboxMode | undefined;
  /** Of aws; not tried when left out. */
  zygote?: ZygoteMode | undefined;
}

/** The aws CLI the repeater would use. */
export async function installedAws(
  env: Environment,
  { cli, sandbox = 'auto', zygote }: ToolConfig = {},
): Promise<InstalledTool> {
  const search = { ...searchOf(env, cli), home: env['HOME'], sandbox };
  const table = (version: string): string => loadTables(version).version;
  if (zygote !== 'auto') {
    const tool = await toolOf('aws', prepareAws(search), table);
    return zygote === undefined ? tool : { ...tool, cold: 'turret.yaml says zygote: off' };
  }
  const calls = await realpath(await mkdtemp(join(tmpdir(), 'turret-doctor-zygote-')));
  const preparing = prepareAws({ ...search, zygote: { calls, readable: [], say: () => {} } });
  try {
    const { warm, cold } = await preparing;
    const problem = warm === undefined ? (cold ?? '') : await warm.problem();
    warm?.close();
    return { ...(await toolOf('aws', preparing, table)), cold: problem ?? null };
  } catch {
    return await toolOf('aws', preparing, table); // There is no aws.
  } finally {
    await rm(calls, { recursive: true, force: true });
  }
}

/** The gh the repeater would use. */
export async function installedGh(
  env: Environment,
  { cli, sandbox = 'auto' }: ToolConfig = {},
): Promise<InstalledTool> {
  const preparing = prepareGh({ ...searchOf(env, cli), sandbox });
  const tool = await toolOf('gh', preparing, (version) => loadTable(version).version);
  if (tool.version === undefined || tool.open !== undefined) return tool;
  return { ...tool, unprepared: (await whyNoneWaits(await preparing)) ?? null };
}

// As in a session that begins here with an agent nobody knows: a program of the workspace's is none, and is not asked.
function searchOf(env: Environment, cli: string | undefined): CliSearch {
  const here = { cwd: process.cwd(), home: env['HOME'] ?? '/nonexistent', homeAllow: [], program: undefined };
  return { configured: cli, path: env['PATH'], agentWrites: agentWrites(here) };
}

async function toolOf(
  tool: string,
  preparing: Promise<PreparedCli>,
  table: (version: string) => string,
): Promise<InstalledTool> {
  try {
    const { path, version, open, network } = await preparing;
    network?.close();
    const found = { tool, path, version, ...(open === undefined ? {} : { open }) };
    return withTable(found, () => table(version));
  } catch (error) {
    return { tool, ...problemOf(error) };
  }
}

function withTable(tool: InstalledTool, table: () => string): InstalledTool {
  try {
    return { ...tool, table: table() };
  } catch (error) {
    return { ...tool, ...problemOf(error) };
  }
}

function problemOf(error: unknown): { problem: string; fix?: string } {
  if (!(error instanceof TurretError))
    return { problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  const [fix] = error.hints;
  return { problem: error.message, ...(fix === undefined ? {} : { fix }) };
}
