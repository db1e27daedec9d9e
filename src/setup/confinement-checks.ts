// What shuts repeaters in: their users and their sandboxes, tried as a session would.

import type { Config, RepeaterConfig } from '../config/config.js';
import { TurretError } from '../errors.js';
import { tryRepeaterSandbox } from '../session/repeater-start.js';
import { repeaterUsers } from '../session/unix-user.js';
import { type Check, withFix } from './check.js';
import type { Environment } from './environment.js';

type Users = Pick<Config, 'repeaters' | 'agent_user'>;

/** One line for each repeater that has, or could have, a user or a sandbox of its own. */
export async function confinementChecks(
  config: Users = { repeaters: {} },
  { env, uid }: { env: Environment; uid: number },
): Promise<Check[]> {
  const all = Object.values(config.repeaters);
  const users = all
    .filter(({ user }) => user !== undefined)
    .map((repeater) => userCheck(repeater, config, uid));
  // A declared tool is shut in call by call, as aws and gh are.
  const own = all.filter(({ command, profile }) => command !== undefined && profile !== 'cli');
  return [...users, ...(await Promise.all(own.map((repeater) => sandboxCheck(repeater, env))))];
}

function userCheck(repeater: RepeaterConfig, config: Users, uid: number): Check {
  const shared = { id: `user.${repeater.name}`, group: 'tools' as const, what: `user of ${repeater.name}` };
  try {
    repeaterUsers({ ...config, repeaters: { [repeater.name]: repeater } }, uid);
    return { ...shared, state: 'ok', level: 'ok', why: `it runs as ${repeater.user}` };
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    return withFix(
      { ...shared, state: 'refused', level: 'bad', why: error.message, blocks: true },
      error.hints[0],
    );
  }
}

async function sandboxCheck(repeater: RepeaterConfig, env: Environment): Promise<Check> {
  const { name, sandbox } = repeater;
  const shared = { id: `sandbox.${name}`, group: 'tools' as const, what: `sandbox of ${name}` };
  if (sandbox === 'off')
    return { ...shared, state: 'off', level: 'info', why: 'it reaches what you reach: sandbox: off' };
  const problem = await tryRepeaterSandbox(repeater, env);
  if (problem === undefined) return { ...shared, state: 'works', level: 'ok', why: 'tried with true' };
  return {
    ...shared,
    state: 'missing',
    level: 'warn',
    why: `${problem}${sandbox === undefined || sandbox === 'auto' ? '; it runs without' : '; it is not started'}`,
  };
}
