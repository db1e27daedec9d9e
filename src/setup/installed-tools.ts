// The real CLIs and the command tables that serve them. Asking for a version needs neither a credential nor the network;
// both repeaters do the same when they start.

import { prepareAws } from '../../repeaters/aws/cli.js';
import { loadTables } from '../../repeaters/aws/tables/load.js';
import { prepareGh } from '../../repeaters/gh/cli.js';
import { loadTable } from '../../repeaters/gh/tables.js';
import type { Opening, SandboxMode } from '../../repeaters/sdk/sandbox/opening.js';
import type { PreparedCli } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import { TurretError } from '../errors.js';
import type { Environment } from './environment.js';

export interface InstalledTool {
  tool: string;
  /** Absent when it cannot be used; `problem` says why. */
  path?: string;
  version?: string;
  /** Version of the table that says what its command lines mean. */
  table?: string;
  problem?: string;
  fix?: string;
  /** Why it would run without a sandbox; absent when it is shut in, or there is no such program. */
  open?: Opening;
}

/** What the configuration says about the program. */
export interface ToolConfig {
  cli?: string | undefined;
  sandbox?: SandboxMode | undefined;
}

/** The aws CLI the repeater would use. */
export async function installedAws(
  env: Environment,
  { cli, sandbox = 'auto' }: ToolConfig = {},
): Promise<InstalledTool> {
  const search = { configured: cli, path: env['PATH'], home: env['HOME'] };
  return toolOf('aws', prepareAws({ ...search, sandbox }), (version) => loadTables(version).version);
}

/** The gh the repeater would use. */
export async function installedGh(
  env: Environment,
  { cli, sandbox = 'auto' }: ToolConfig = {},
): Promise<InstalledTool> {
  const search = { configured: cli, path: env['PATH'] };
  return toolOf('gh', prepareGh({ ...search, sandbox }), (version) => loadTable(version).version);
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
