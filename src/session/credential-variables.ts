// One credential, from wherever it is, in the variables in which a repeater that comes with Turret looks for it.

import type { RepeaterConfig } from '../config/config.js';
import { TurretError } from '../errors.js';

export interface CredentialVariables {
  /** Variables of the user's that would be another credential, or a part of one: not given with this one. */
  instead: string[];
  /** Throws TurretError secret_missing for a value that is no such credential. It is never shown. */
  variables(value: string, config: RepeaterConfig): Record<string, string>;
}

/** As `credential_process` prints it: so does `aws configure export-credentials`, and so does an import. */
export const AWS_CREDENTIAL: CredentialVariables = {
  instead: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'],
  variables(value, { name }) {
    const { AccessKeyId: id, SecretAccessKey: key, SessionToken: token } = fieldsOf(value);
    if (!isText(id) || !isText(key) || (token !== undefined && !isText(token)))
      throw new TurretError('secret_missing', `what the repeater "${name}" was given is no AWS credential`, {
        hints: [
          'turret secrets import aws makes one; it is JSON with AccessKeyId and SecretAccessKey, as credential_process prints it',
        ],
      });
    return {
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: key,
      ...(token === undefined ? {} : { AWS_SESSION_TOKEN: token }),
    };
  },
};

export const GH_CREDENTIAL: CredentialVariables = {
  instead: ['GH_TOKEN', 'GITHUB_TOKEN', 'GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN'],
  variables: (value, { host = 'github.com' }) => ({
    [host.toLowerCase() === 'github.com' ? 'GH_TOKEN' : 'GH_ENTERPRISE_TOKEN']: value,
  }),
};

function fieldsOf(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // The message of the parser would quote it.
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
