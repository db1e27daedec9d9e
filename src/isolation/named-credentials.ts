// Files with keys that lie wherever you keep them: your environment says where.

import { lstatSync, realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/** Variables by which tools are told where their keys are; their documentation names each. */
const CREDENTIAL_VARIABLES = [
  'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'GH_CONFIG_DIR', 'GLAB_CONFIG_DIR', 'GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG', 'AZURE_CONFIG_DIR',
  'AZURE_FEDERATED_TOKEN_FILE', 'KUBECONFIG', 'DOCKER_CONFIG', 'NETRC', 'NPM_CONFIG_USERCONFIG', 'npm_config_userconfig',
  'GNUPGHOME', 'PASSWORD_STORE_DIR', 'VAULT_TOKEN_FILE', 'PGPASSFILE', 'PGSERVICEFILE', 'BOTO_CONFIG',
  'TF_CLI_CONFIG_FILE', 'SOPS_AGE_KEY_FILE', 'OP_CONFIG_DIR', 'CREDENTIALS_DIRECTORY', 'ANSIBLE_VAULT_PASSWORD_FILE',
  'TURRET_VAULT_KEY_FILE',
]; // prettier-ignore

/** Real paths of what those variables of `env` name and is there. Lists (KUBECONFIG) are taken apart. */
export function namedCredentials(env: Record<string, string | undefined>): string[] {
  const paths = CREDENTIAL_VARIABLES.flatMap((name) => (env[name] ?? '').split(':'));
  return real(paths.filter(isAbsolute)).filter(isFileOrDirectory);
}

// Not /dev/null, which says that there is none.
function isFileOrDirectory(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.isFile() || found.isDirectory());
}

function real(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths.flatMap((path) => {
        try {
          return [realpathSync(path)];
        } catch {
          // What is not there need not be hidden.
          return [];
        }
      }),
    ),
  ];
}
