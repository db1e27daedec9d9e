// Where `turret secrets import` takes secrets from. Here values are read, and only here: they go into the vault, and what is
// printed are names. What is better left where it is comes back as a reference.

import { resolve } from 'node:path';
import { parseEnv } from 'node:util';

import { TurretError } from '../errors.js';
import { secretShape } from '../platform/secret-shape.js';
import { SECRET_NAME } from '../vault/document.js';
import { awsFiles, readAwsProfiles } from './aws-profiles.js';
import type { Environment } from './environment.js';
import { ghHostsFile, readGhHosts } from './gh-hosts.js';
import { readText } from './read-text.js';

export interface FoundSecret {
  /** What it is called in the vault. */
  name: string;
  value: string;
  /** For people. */
  from: string;
}
export interface SecretSource {
  found: FoundSecret[];
  /** Not copied: what it is, and what turret.yaml says instead. */
  referred: { what: string; write: string }[];
  /** Names of what does not look like a secret. */
  passedOver: string[];
  /** Lines for turret.yaml that use what was found. */
  use: string[];
}

/** The named variables of the environment. Throws TurretError secret_missing for one that is not set. */
export function fromEnvironment(names: readonly string[], env: Environment): SecretSource {
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0)
    throw new TurretError('secret_missing', `not set in this environment: ${missing.join(', ')}`, {
      hints: ['nothing was imported'],
    });
  const found = names.map((name) => ({ name, value: env[name] ?? '', from: `environment, ${name}` }));
  return sourceOf(found.map(named), [], names.map(useOf));
}

/** Those variables of a .env file that look like secrets, or those named. Throws TurretError secret_missing. */
export function fromDotenv(
  file: string,
  { names, all, cwd }: { names: readonly string[]; all: boolean; cwd: string },
): SecretSource {
  const path = resolve(cwd, file);
  const text = readText(path);
  if (text === undefined)
    throw new TurretError('secret_missing', `there is no ${path} that can be read`, {
      hints: ['turret secrets import dotenv FILE'],
    });
  const variables = Object.entries(parseEnv(text)).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [{ name, value, from: path }],
  );
  const missing = names.filter((name) => !variables.some((variable) => variable.name === name));
  if (missing.length > 0)
    throw new TurretError('secret_missing', `not in ${path}: ${missing.join(', ')}`, {
      hints: ['nothing was imported'],
    });
  const wanted = variables.filter(
    ({ name, value }) =>
      names.includes(name) || (names.length === 0 && (all || secretShape(name, value) !== undefined)),
  );
  const passedOver =
    names.length > 0 ? [] : variables.filter((one) => !wanted.includes(one)).map(({ name }) => name);
  // A password manager's own address is no secret, and better than a copy of one.
  const referred = wanted.filter(({ value }) => OP_ADDRESS.test(value));
  const found = wanted.filter((one) => !referred.includes(one)).map(named);
  return {
    ...sourceOf(found, referred.map(({ name, value }) => ({ what: name, write: `secrets: { ${name}: "cmd:op read '${value}'" }` })), found.map(({ name }) => useOf(name))), // prettier-ignore
    passedOver,
  };
}

/** What `op read` takes; with a quotation mark in it, it would need more thought than a line of advice. */
const OP_ADDRESS = /^op:\/\/[^'"\n]+$/;

/** The static keys of a profile, or of the environment when there is none. Throws TurretError secret_missing. */
export function fromAws(profile: string | undefined, env: Environment): SecretSource {
  if (profile === undefined) return fromAwsVariables(env);
  const { settings } = readAwsProfiles(env).find(({ name }) => name === profile) ?? {};
  if (settings === undefined)
    throw new TurretError('secret_missing', `there is no profile ${JSON.stringify(profile)}`, {
      hints: ['aws configure list-profiles shows them'],
    });
  const files = awsFiles(env);
  const values = {
    ...settingsOf(readText(files?.config ?? '') ?? '', [profile === 'default' ? profile : `profile ${profile}`, `profile "${profile}"`]), // prettier-ignore
    ...settingsOf(readText(files?.credentials ?? '') ?? '', [profile]),
  };
  const { aws_access_key_id: id, aws_secret_access_key: key, aws_session_token: token } = values;
  // SSO, roles and credential_process give keys that last an hour; a copy of those is worth nothing tomorrow.
  if (id === undefined || key === undefined || token !== undefined)
    return sourceOf([], [{ what: `profile ${profile}, which has no lasting keys`, write: `credentials: profile:${profile}` }], []); // prettier-ignore
  return keysFound(`aws-${profile}`, { id, key }, `profile ${profile}`);
}

function fromAwsVariables(env: Environment): SecretSource {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_SESSION_TOKEN: token } = env;
  if (!id || !key)
    throw new TurretError('secret_missing', 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set', {
      hints: ['name a profile: turret secrets import aws PROFILE'],
    });
  if (token)
    return sourceOf([], [{ what: 'a session token, which ends soon', write: 'credentials: env' }], []);
  return keysFound('aws-env', { id, key }, 'environment, AWS_ACCESS_KEY_ID');
}

function keysFound(name: string, { id, key }: { id: string; key: string }, from: string): SecretSource {
  const value = JSON.stringify({ Version: 1, AccessKeyId: id, SecretAccessKey: key });
  const found = named({ name, value, from });
  return sourceOf([found], [], [`aws: { credentials: vault:${found.name} }`]);
}

/** The token that `gh auth login` left in a file. Throws TurretError secret_missing. */
export function fromGh(host: string, env: Environment): SecretSource {
  const known = readGhHosts(env).find((entry) => entry.host === host.toLowerCase());
  const file = ghHostsFile(env);
  if (known === undefined || file === undefined)
    throw new TurretError('secret_missing', `gh is not logged in to ${JSON.stringify(host)}`, {
      hints: ['gh auth login, or turret secrets import env GH_TOKEN'],
    });
  const token = known.plain ? tokenOf(readText(file) ?? '', known.host) : undefined;
  if (token === undefined)
    return sourceOf([], [{ what: `the token for ${known.host}, which gh keeps in your keyring`, write: 'gh: { credentials: auto }' }], []); // prettier-ignore
  const found = named({ name: `gh-${known.host}`, value: token, from: file });
  return sourceOf([found], [], [`gh: { credentials: vault:${found.name}, host: ${known.host} }`]);
}

// The least indented one: gh ≥ 2.40 lists all users' below it.
function tokenOf(text: string, host: string): string | undefined {
  let inside = false;
  let best: { indent: number; token: string } | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\S/.test(line)) inside = line.toLowerCase().replace(/["':\s]/g, '') === host;
    const [, indent = '', token] = /^(\s+)oauth_token:\s*["']?([^\s"']+)["']?\s*$/.exec(line) ?? [];
    if (inside && token !== undefined && (best === undefined || indent.length < best.indent))
      best = { indent: indent.length, token };
  }
  return best?.token;
}

function settingsOf(text: string, sections: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim().replaceAll(/\s+/g, ' ');
    if (header !== undefined) inside = sections.includes(header);
    const [, name, value] = /^(aws_[a-z_]+)\s*=\s*(\S+)\s*$/i.exec(line) ?? [];
    if (inside && name !== undefined && value !== undefined) values[name.toLowerCase()] = value;
  }
  return values;
}

function sourceOf(found: FoundSecret[], referred: SecretSource['referred'], use: string[]): SecretSource {
  return { found, referred, passedOver: [], use };
}

function useOf(name: string): string {
  const isToken = name === 'GH_TOKEN' || name === 'GITHUB_TOKEN';
  return isToken ? `gh: { credentials: vault:${name} }` : `secrets: { ${name}: vault:${vaultName(name)} }`;
}

function named(found: FoundSecret): FoundSecret {
  return { ...found, name: vaultName(found.name) };
}

// Profiles may be called almost anything.
function vaultName(name: string): string {
  const fitting = name
    .replaceAll(/[^A-Za-z0-9_.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128);
  return SECRET_NAME.test(fitting) ? fitting : 'imported';
}
