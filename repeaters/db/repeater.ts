// The db repeater: databases by alias, each with its own secret, each in the way its engine is read safely.

import { version } from '../../src/installation.js';
import { DB_STATEMENTS_MAX } from '../../src/protocol/limits.js';
import { sandboxMode } from '../sdk/sandbox/prepare-cli.js';
import type { Repeater, RepeaterSecrets } from '../sdk/types.js';
import { readDatabases } from './databases.js';
import { performDb } from './perform.js';
import { PARAMS, annotationsOf, resolveDb, verbsOf } from './resolve.js';
import { SqliteProgram } from './sqlite/program.js';

/** @throws TurretError `config_invalid` */
export async function createDbRepeater(secrets: RepeaterSecrets): Promise<Repeater> {
  const { name, config, directory, agent_writes: agentWrites } = secrets;
  const databases = readDatabases(secrets);
  const { sandbox } = config as { sandbox?: string };
  const mode = sandboxMode(sandbox);
  const usesFiles = [...databases.values()].some(({ engine }) => engine === 'sqlite');
  const sqlite = usesFiles ? await SqliteProgram.prepare({ mode, directory, agentWrites }) : undefined;
  return {
    version,
    tools: [],
    concurrency: DB_STATEMENTS_MAX,
    actions: [...databases.values()].flatMap((database) =>
      verbsOf(database).map((verb) => ({
        name: `${database.alias}.${verb}`,
        params: PARAMS,
        annotations: annotationsOf(verb, database),
      })),
    ),
    resolve: (call) => resolveDb(call, { name, databases }),
    run: (run) => performDb(run, { databases, sqlite }),
  };
}
