// The repeaters that come with Turret: which tools they serve, and which of the user's variables they get (on fd 4,
// never as their environment). A credential that turret.yaml says the place of comes to them as those variables too.

import { installed } from '../installation.js';
import { AWS_CREDENTIAL, type CredentialVariables, GH_CREDENTIAL } from './credential-variables.js';

export interface BuiltInRepeater {
  entry: string;
  tools: string[];
  /** Names of the user's variables; a final `*` stands for the rest. */
  env: string[];
  /** What of them is one credential, and which of them a value from the vault or from elsewhere becomes. */
  credential?: CredentialVariables;
}

const COMMON = ['HOME', 'PATH', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR'];

export const BUILT_IN_REPEATERS: Record<string, BuiltInRepeater> = {
  aws: { entry: entryOf('aws'), tools: ['aws'], env: [...COMMON, 'AWS_*'], credential: AWS_CREDENTIAL },
  gh: {
    entry: entryOf('gh'),
    tools: ['gh'],
    env: [
      ...COMMON,
      'GH_TOKEN',
      'GITHUB_TOKEN',
      'GH_ENTERPRISE_TOKEN',
      'GITHUB_ENTERPRISE_TOKEN',
      'GH_HOST',
      'GH_CONFIG_DIR',
      'DBUS_SESSION_BUS_ADDRESS',
    ],
    credential: GH_CREDENTIAL,
  },
  // The secrets of their upstreams and databases come by reference (repeater-secrets.ts).
  http: { entry: entryOf('http'), tools: [], env: [] },
  db: { entry: entryOf('db'), tools: [], env: [] },
  echo: { entry: entryOf('echo'), tools: [], env: [] },
};

/** Runs a manifest's command for the profiles `exec` and `line`. */
export const HOST_ENTRY = entryOf('host');
/** Runs a tool that a manifest describes, profile `cli`. */
export const DECLARED_ENTRY = entryOf('declared');

function entryOf(name: string): string {
  return installed(`dist/repeaters/${name}/main.js`);
}
