// What `turret init` finds on this machine: names and versions, no values of secrets.

import { type FoundAgent, findAgents } from './agents-found.js';
import { type AwsProfile, readAwsProfiles } from './aws-profiles.js';
import { type CredentialSource, credentialSource } from './credential-source.js';
import { type Environment, has } from './environment.js';
import { readGhHosts } from './gh-hosts.js';
import { type InstalledTool, installedAws, installedGh } from './installed-tools.js';

export interface Survey {
  tools: { aws: InstalledTool; gh: InstalledTool };
  /** Where `credentials: auto` would take them from today. */
  credentials: { aws: CredentialSource; gh: CredentialSource };
  /** Names of AWS profiles, `default` among them. */
  profiles: string[];
  region?: string;
  /** Hosts somebody is logged in to with gh. */
  hosts: string[];
  agents: FoundAgent[];
}

/** Looks around. The two CLIs are asked for their versions; nothing else is started. */
export async function survey(env: Environment): Promise<Survey> {
  const [aws, gh] = await Promise.all([installedAws(env), installedGh(env)]);
  const profiles = readAwsProfiles(env);
  const region = regionOf(profiles, env);
  return {
    tools: { aws, gh },
    credentials: { aws: automatic('aws', env), gh: automatic('gh', env) },
    profiles: profiles.map(({ name }) => name),
    ...(region === undefined ? {} : { region }),
    hosts: readGhHosts(env).map(({ host }) => host),
    agents: findAgents(env),
  };
}

function automatic(kind: 'aws' | 'gh', env: Environment): CredentialSource {
  const source = credentialSource({ name: kind, kind, credentials: 'auto' }, env);
  if (source === undefined) throw new TypeError(`a repeater of kind ${kind} holds a credential`);
  return source;
}

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-[0-9]{1,2}$/;

function regionOf(profiles: AwsProfile[], env: Environment): string | undefined {
  const name = ['AWS_REGION', 'AWS_DEFAULT_REGION'].find((candidate) => has(env, candidate));
  const fromEnv = name === undefined ? undefined : env[name];
  if (fromEnv !== undefined && REGION.test(fromEnv)) return fromEnv;
  const used = env['AWS_PROFILE'] ?? 'default';
  return profiles.find((profile) => profile.name === used)?.region;
}
