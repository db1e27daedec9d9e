// The real credential, from where the operator keeps it, through the AWS SDK's own providers. It lives in this process
// only: it is never in argv, in a file we write or in the environment of a child.

import { TurretError } from '../../src/errors.js';
import { keepSecret } from '../sdk/own-secrets.js';
import type { Credential } from './inject/resign.js';

export interface CredentialOptions {
  /** `env`, `profile:NAME` or `auto`. */
  source: string;
  /** Values of the user's environment, as the supervisor handed them over. */
  env: Record<string, string>;
  /** For the STS and SSO calls the providers make themselves. */
  region: string | undefined;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Variables of the user that hold a secret. The id of an access key is none: it names one. */
export const SECRET_VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
] as const;

interface Identity extends Credential {
  expiration?: Date | undefined;
}

/** Renewed this long before it ends, so that nothing is signed with a credential that dies on the way. */
const RENEW_MS = 300_000;

/**
 * A function that gives the credential of the moment; asks its provider once and again shortly before it expires.
 * @throws TurretError `config_invalid` for an unknown source; the function: `no_credentials` with hints
 */
export function credentialSource(options: CredentialOptions): () => Promise<Credential> {
  const provider = providerFor(options);
  let held: Identity | undefined;
  let pending: Promise<Identity> | undefined;
  return async () => {
    if (held && (held.expiration === undefined || held.expiration.getTime() - options.now() > RENEW_MS))
      return held;
    pending ??= provider().finally(() => {
      pending = undefined;
    });
    try {
      held = await pending;
    } catch (cause) {
      throw noCredentials(options.source, cause);
    }
    keepSecret(held.secretAccessKey, held.sessionToken);
    return held;
  };
}

function providerFor({ source, env, region }: CredentialOptions): () => Promise<Identity> {
  const clientConfig = region === undefined ? {} : { clientConfig: { region } };
  if (source === 'env') return async () => fromValues(env);
  if (source === 'auto') {
    // A profile that was named wins over keys, as with the CLI; then the SDK's chain: SSO, ini, process, web identity, IMDS.
    if (env['AWS_ACCESS_KEY_ID'] && !env['AWS_PROFILE']) return async () => fromValues(env);
    return async () => {
      const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
      return fromNodeProviderChain({ ignoreCache: true, ...clientConfig })();
    };
  }
  const [, profile] = /^profile:(.+)$/.exec(source) ?? [];
  if (profile === undefined) {
    throw new TurretError(
      'config_invalid',
      `credentials: ${JSON.stringify(source)} is not a source of credentials`,
      {
        hints: ['use env, auto or profile:NAME'],
      },
    );
  }
  return async () => {
    const { fromIni } = await import('@aws-sdk/credential-providers');
    return fromIni({ profile, ignoreCache: true, ...clientConfig })();
  };
}

function fromValues(env: Record<string, string>): Identity {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey)
    throw new Error('AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set');
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function noCredentials(source: string, cause: unknown): TurretError {
  const hints =
    source === 'env'
      ? ['set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where you start turret run']
      : source === 'auto'
        ? [
            'set AWS_PROFILE or AWS_ACCESS_KEY_ID where you start turret run, or name a profile in turret.yaml',
          ]
        : [
            'check the profile with aws sts get-caller-identity outside the session; an SSO profile needs aws sso login',
          ];
  return new TurretError('no_credentials', `no AWS credentials from ${source}`, { hints, cause });
}

/** Names the SDK reads from the environment of its process and cannot be told otherwise. */
const FOR_THE_SDK = /^(?:AWS_[A-Z0-9_]+|HOME|PATH)$/;

/**
 * Gives the SDK, in this process, the environment of the user. Children get theirs from child-environment.ts, never
 * this one; /proc/self/environ keeps showing what the process was started with.
 */
export function adoptEnvironment(env: Record<string, string>, into: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) if (FOR_THE_SDK.test(name)) into[name] = value;
}

/** Region and output format of the user's profile; missing files and profiles have none. */
export async function profileDefaults(profile: string): Promise<{ region?: string; output?: string }> {
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const values = { ...credentialsFile[profile], ...configFile[profile] };
  const { region, output } = values;
  return { ...(region ? { region } : {}), ...(output ? { output } : {}) };
}
