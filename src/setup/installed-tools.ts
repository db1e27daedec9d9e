// The real CLIs and the command tables that serve them. Asking for a version needs neither a credential nor the network;
// both repeaters do the same when they start.

import { findAws } from '../../repeaters/aws/cli.js';
import { loadTables } from '../../repeaters/aws/tables/load.js';
import { findGh } from '../../repeaters/gh/cli.js';
import { loadTable } from '../../repeaters/gh/tables.js';
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
}

/** The aws CLI the repeater would use. `cli` is what the configuration says. */
export async function installedAws(env: Environment, cli?: string): Promise<InstalledTool> {
  const tool = { tool: 'aws' };
  try {
    const found = await findAws({ configured: cli, path: env['PATH'], home: env['HOME'] });
    return withTable({ ...tool, ...found }, () => loadTables(found.version).version);
  } catch (error) {
    return { ...tool, ...problemOf(error) };
  }
}

/** The gh the repeater would use. */
export async function installedGh(env: Environment, cli?: string): Promise<InstalledTool> {
  const tool = { tool: 'gh' };
  try {
    const found = await findGh({ configured: cli, path: env['PATH'] });
    return withTable({ ...tool, ...found }, () => loadTable(found.version).version);
  } catch (error) {
    return { ...tool, ...problemOf(error) };
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
