// The repeater for programs that do not speak TRT/1 themselves. Turret starts this process with the program's manifest;
// it starts the program, once per call (profile exec) or once (profile line).

import { TurretError } from '../../src/errors.js';
import type { Capability, RegisteredAction } from '../../src/protocol/messages.js';
import type { Repeater, RepeaterSecrets, Run } from '../sdk/types.js';
import { runExec } from './exec-profile.js';
import { type HostConfig, readHostConfig } from './host-config.js';
import { LineRepeater } from './line-profile.js';
import { resolveRequest } from './resolve-request.js';

/** Throws TurretError manifest_invalid, or repeater_error when a line program does not register. */
export async function createHost(secrets: RepeaterSecrets): Promise<Repeater> {
  const config = readHostConfig(secrets.config);
  const place = { home: secrets.directory, secrets: secrets.env };
  if (config.profile === 'exec') {
    return describe(secrets.name, config, config.actions, (run) =>
      runExec(run, { ...place, config, ...wanted(run, secrets.name, config.actions) }),
    );
  }
  const line = new LineRepeater(config, place);
  const actions = await line.start();
  return describe(secrets.name, config, actions, (run) => line.run(run, wanted(run, secrets.name, actions)));
}

function describe(
  name: string,
  config: HostConfig,
  actions: RegisteredAction[],
  run: Repeater['run'],
): Repeater {
  return {
    version: config.version,
    tools: config.tools,
    actions: actions.map(withoutProgram),
    concurrency: config.profile === 'line' ? 1 : 16,
    ...(config.tools.length === 0
      ? {}
      : { resolve: (call) => resolveRequest(call, { name, tools: config.tools, actions }) }),
    run,
  };
}

/** The one action of a call, in the words of its manifest. */
export interface Wanted {
  action: RegisteredAction;
  params: Capability['params'];
}

function wanted(run: Run, name: string, actions: RegisteredAction[]): Wanted {
  const [capability, ...others] = run.capabilities;
  if (capability === undefined || others.length > 0) {
    throw new TurretError('unresolvable', 'a program of this kind performs one action at a time');
  }
  const action = actions.find((candidate) => `${name}.${candidate.name}` === capability.action);
  if (action === undefined)
    throw new TurretError('no_such_action', `there is no action "${capability.action}"`);
  return { action, params: capability.params };
}

// What the operator starts is no business of the broker.
function withoutProgram(action: RegisteredAction): RegisteredAction {
  const { run: _, ...described } = action as RegisteredAction & { run?: string[] };
  return described;
}
