// The secrets that turret.yaml says the place of, fetched before the agent has the terminal: a passphrase typed later might
// be typed into a question of the agent's. They stay in this process, and go to the one repeater on its fd 4.

import type { Config, RepeaterConfig } from '../config/config.js';
import { TurretError } from '../errors.js';
import { terminalAsker } from '../platform/ask-terminal.js';
import { stateDirectory } from '../platform/sessions.js';
import { say } from '../ui/voice.js';
import { vaultFile } from '../vault/places.js';
import { parseReference } from '../vault/reference.js';
import type { OpenSource, Wanted } from '../vault/resolve.js';
import { BUILT_IN_REPEATERS } from './built-in-repeaters.js';

export interface OwnSecrets {
  /** Variables and their values, for its fd 4. */
  variables: Record<string, string>;
  /** Variables of the user's that it is not given with these. */
  instead: string[];
}

export interface SecretSurroundings {
  env: NodeJS.ProcessEnv;
  /** Of the vault's key file, where it came as a descriptor. */
  keyText: string | undefined;
  /** Real paths of what the agent may write. */
  agentWrites: readonly string[];
}

/** By the repeater's name; those that take all from the environment have none. Throws TurretError. */
export async function repeaterSecrets(
  { repeaters }: Pick<Config, 'repeaters'>,
  { env, keyText, agentWrites }: SecretSurroundings,
): Promise<Map<string, OwnSecrets>> {
  const wishes = Object.values(repeaters).flatMap(wishesOf);
  const secrets = new Map<string, OwnSecrets>();
  if (wishes.length === 0) return secrets;
  const { resolveSecrets } = await import('../vault/resolve.js');
  const values = await resolveSecrets(
    wishes.map(({ wanted }) => wanted),
    { env, agentWrites, openVault: () => openVault(env, keyText) },
  );
  for (const [index, { config, variable }] of wishes.entries()) {
    const value = values[index];
    if (value === undefined) continue;
    const own = secrets.get(config.name) ?? { variables: {}, instead: [] };
    if (variable !== undefined) own.variables[variable] = value;
    else {
      const credential = BUILT_IN_REPEATERS[config.kind]?.credential;
      Object.assign(own.variables, credential?.variables(value, config));
      own.instead.push(...(credential?.instead ?? []));
    }
    secrets.set(config.name, own);
  }
  return secrets;
}

interface Wish {
  config: RepeaterConfig;
  /** Undefined for the credential of a repeater that comes with Turret. */
  variable: string | undefined;
  wanted: Wanted;
}

function wishesOf(config: RepeaterConfig): Wish[] {
  const {
    name,
    directory = '/',
    credentials = 'auto',
    secrets = [],
    secretSources = {},
    upstreams = {},
    databases = {},
  } = config;
  const credential = parseReference(credentials);
  if (
    credential !== undefined &&
    (config.command !== undefined || BUILT_IN_REPEATERS[config.kind]?.credential === undefined)
  )
    throw new TurretError('config_invalid', `credentials of the repeater "${name}" cannot be said this way`, {
      hints: ['a repeater of your own gets its secrets by name: secrets: { NAME: vault:NAME }'],
    });
  const wish = (variable: string | undefined, text: string, optional = false): Wish[] => {
    const reference = parseReference(text);
    // The configuration was checked: it is one.
    if (reference === undefined) return [];
    const wanted = {
      reference,
      directory,
      for: `the repeater "${name}"`,
      ...(optional ? { optional: true as const } : {}),
    };
    return [{ config, variable, wanted }];
  };
  return [
    ...secrets.flatMap((variable) => wish(variable, secretSources[variable] ?? '')),
    ...(credential === undefined ? [] : wish(undefined, credentials)),
    // An http or db repeater looks for them by what turret.yaml says. Those of a preset nobody may have asked for.
    ...[...Object.values(upstreams), ...Object.values(databases)].flatMap(({ secret = '' }) =>
      wish(secret, secret, secret.startsWith('env:')),
    ),
  ];
}

async function openVault(env: NodeJS.ProcessEnv, keyText: string | undefined): Promise<OpenSource> {
  const file = vaultFile({ XDG_DATA_HOME: env['XDG_DATA_HOME'], HOME: env['HOME'] });
  // There is no HOME either, and so no place for a session's log: that is said soon.
  if (file === undefined) return { get: () => undefined, close: () => {} };
  const state = stateDirectory({ XDG_STATE_HOME: env['XDG_STATE_HOME'], HOME: env['HOME'] });
  const [{ openStore }, { loadKeychain }] = await Promise.all([
    import('../vault/manage.js'),
    import('../vault/keychain.js'),
  ]);
  const { vault, key, slotKey } = await openStore(
    { file, state },
    { env, keyText, ask: terminalAsker(), keychain: loadKeychain, tell: say },
  );
  key.fill(0);
  slotKey.fill(0);
  return vault;
}

/** What a repeater is told of its configuration, or of a sibling's: not where secrets are. */
export function withoutSources(config: RepeaterConfig): RepeaterConfig {
  const { secretSources: _, ...rest } = config;
  const isElsewhere = rest.credentials !== undefined && parseReference(rest.credentials) !== undefined;
  return isElsewhere ? { ...rest, credentials: 'env' } : rest;
}
