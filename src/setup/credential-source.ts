// Where a repeater's credential would come from, told by name. The same order as in repeaters/aws/credentials.ts and
// repeaters/gh/credentials.ts, without asking any of them for a value.

import type { RepeaterConfig } from '../config/config.js';
import { parseReference } from '../vault/reference.js';
import { type AwsProfile, readAwsProfiles } from './aws-profiles.js';
import { type Environment, has } from './environment.js';
import { readGhHosts } from './gh-hosts.js';
import { referenceSource } from './reference-source.js';

export interface CredentialSource {
  /** Something is there. Whether it is valid only AWS or GitHub can say. */
  found: boolean;
  /** For people: names of variables, profiles and files, never values. */
  source: string;
  /** What to do when nothing is there. */
  fix?: string;
}

/** Undefined for a repeater that holds no credential. */
export function credentialSource(repeater: RepeaterConfig, env: Environment): CredentialSource | undefined {
  if (repeater.command !== undefined || repeater.manifest !== undefined) return ofSecrets(repeater, env);
  if (repeater.upstreams !== undefined) return ofUpstreams(repeater.upstreams, env);
  const reference = parseReference(repeater.credentials ?? 'auto');
  if (reference !== undefined) return referenceSource(reference, env);
  if (repeater.kind === 'aws') return ofAws(repeater.credentials ?? 'auto', env);
  if (repeater.kind === 'gh') return ofGh(repeater, env);
  return undefined;
}

/** The variables a repeater of one's own is given, and what it is given instead of them. */
function ofSecrets(
  { secrets = [], secretSources = {} }: RepeaterConfig,
  env: Environment,
): CredentialSource | undefined {
  if (secrets.length === 0) return undefined;
  const elsewhere = Object.values(secretSources).flatMap((text) => parseReference(text) ?? []);
  const all = elsewhere.map((reference) => referenceSource(reference, env));
  const names = secrets.filter((name) => !Object.hasOwn(secretSources, name));
  if (names.length > 0) all.unshift(ofVariables(names, env));
  return together(all);
}

/** Of an http repeater. */
function ofUpstreams(
  upstreams: NonNullable<RepeaterConfig['upstreams']>,
  env: Environment,
): CredentialSource | undefined {
  const references = new Set(Object.values(upstreams).flatMap(({ secret }) => secret ?? []));
  return together(
    [...references].flatMap((text) => parseReference(text) ?? []).map((one) => referenceSource(one, env)),
  );
}

function together(all: readonly CredentialSource[]): CredentialSource | undefined {
  if (all.length === 0) return undefined;
  const fixes = all.flatMap(({ fix }) => fix ?? []);
  return {
    found: all.every(({ found }) => found),
    source: all.map(({ source }) => source).join('; '),
    ...(fixes.length === 0 ? {} : { fix: fixes.join('; ') }),
  };
}

function ofVariables(names: readonly string[], env: Environment): CredentialSource {
  const missing = names.filter((name) => !has(env, name));
  if (missing.length === 0) return { found: true, source: `environment (${names.join(', ')})` };
  return {
    found: false,
    source: `environment, without ${missing.join(', ')}`,
    fix: `export ${missing.join(' ')} where you start turret run`,
  };
}

function ofAws(credentials: string, env: Environment): CredentialSource {
  const fromKeys = (): CredentialSource => {
    const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter((name) => !has(env, name));
    if (missing.length === 0) return { found: true, source: 'environment (AWS_ACCESS_KEY_ID)' };
    return {
      found: false,
      source: `environment, without ${missing.join(' and ')}`,
      fix: 'export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    };
  };
  if (credentials === 'env') return fromKeys();
  const named = /^profile:(.+)$/.exec(credentials)?.[1];
  if (named !== undefined) return ofProfile(named, env);
  if (credentials !== 'auto') return notServed(credentials, 'env, auto, profile:NAME or vault:NAME');
  if (has(env, 'AWS_ACCESS_KEY_ID') && !has(env, 'AWS_PROFILE')) return fromKeys();
  const profile = ofProfile(env['AWS_PROFILE'] ?? 'default', env);
  if (profile.found || has(env, 'AWS_PROFILE')) return profile;
  return (
    ofMachine(env) ?? {
      found: false,
      source: 'nothing but the instance metadata, which is asked at the first call',
      fix: 'aws configure (or aws configure sso), or set AWS_PROFILE',
    }
  );
}

// What the SDK's chain tries behind the files.
function ofMachine(env: Environment): CredentialSource | undefined {
  if (has(env, 'AWS_WEB_IDENTITY_TOKEN_FILE'))
    return { found: true, source: 'web identity (AWS_WEB_IDENTITY_TOKEN_FILE)' };
  const container = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].find(
    (name) => has(env, name),
  );
  return container === undefined ? undefined : { found: true, source: `container (${container})` };
}

function ofProfile(name: string, env: Environment): CredentialSource {
  const profile = readAwsProfiles(env).find((candidate) => candidate.name === name);
  const how = profile === undefined ? undefined : howOf(profile);
  const fix =
    name === 'default'
      ? 'aws configure (or aws configure sso)'
      : `aws configure --profile ${name} (or aws configure sso)`;
  if (profile === undefined) return { found: false, source: `profile ${name}, which is not there`, fix };
  if (how === undefined) return { found: false, source: `profile ${name}, which has no credential`, fix };
  return { found: true, source: `profile ${name} (${how})` };
}

function howOf({ settings }: AwsProfile): string | undefined {
  if (settings.has('role_arn')) return 'role';
  if (settings.has('aws_access_key_id') && settings.has('aws_secret_access_key')) return 'keys in plain';
  if (settings.has('sso_session') || settings.has('sso_start_url')) return 'SSO';
  return settings.has('credential_process') ? 'credential_process' : undefined;
}

function ofGh(
  { credentials = 'auto', host = 'github.com' }: RepeaterConfig,
  env: Environment,
): CredentialSource {
  if (credentials !== 'auto' && credentials !== 'env')
    return notServed(credentials, 'env, auto or vault:NAME');
  const names =
    host === 'github.com' ? ['GH_TOKEN', 'GITHUB_TOKEN'] : ['GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN'];
  const name = names.find((candidate) => has(env, candidate));
  if (name !== undefined) return { found: true, source: `environment (${name})` };
  const stored =
    credentials === 'auto' ? readGhHosts(env).find((entry) => entry.host === host.toLowerCase()) : undefined;
  if (stored !== undefined)
    return {
      found: true,
      source: `gh auth login for ${stored.host} (${stored.plain ? 'token in plain' : 'keyring'})`,
    };
  const login = host === 'github.com' ? 'gh auth login' : `gh auth login --hostname ${host}`;
  return {
    found: false,
    source: `nothing for ${host}`,
    fix: credentials === 'auto' ? `${login}, or set ${names[0] ?? ''}` : `set ${names[0] ?? ''}`,
  };
}

function notServed(credentials: string, known: string): CredentialSource {
  return {
    found: false,
    source: `${credentials}, which this kind of repeater cannot use`,
    fix: `write credentials: ${known}`,
  };
}
