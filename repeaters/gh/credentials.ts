// Where the real token comes from. It stays in this process: gh gets a dummy.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TurretError } from '../../src/errors.js';
import { CLI_ANSWER_MS_MAX } from '../../src/protocol/limits.js';
import { keepSecret } from '../sdk/own-secrets.js';

export interface CredentialSource {
  env: Record<string, string>;
  host: string;
  /** `env`: variables only. `auto`: then what `gh auth login` stored. */
  mode: 'env' | 'auto';
  gh: string;
}

const PUBLIC = ['GH_TOKEN', 'GITHUB_TOKEN'] as const;
const ENTERPRISE = ['GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN'] as const;
/** Variables of the user that hold a token. */
export const TOKEN_VARIABLES = [...PUBLIC, ...ENTERPRISE];

/** @throws TurretError `no_credentials` */
export async function findToken({ env, host, mode, gh }: CredentialSource): Promise<string> {
  const names = host === 'github.com' ? PUBLIC : ENTERPRISE;
  for (const name of names) if (env[name]) return checked(env[name], name);
  const stored = mode === 'auto' ? await storedToken({ env, host, gh }) : '';
  if (stored !== '') return checked(stored, 'gh auth token');
  throw new TurretError('no_credentials', `there is no token for ${host}`, {
    hints: [`run gh auth login before turret run, or set ${names[0]}`],
  });
}

/** What gh itself would use: run as the user, outside any session. */
async function storedToken({ env, host, gh }: Omit<CredentialSource, 'mode'>): Promise<string> {
  const passed = [
    'HOME',
    'PATH',
    'XDG_CONFIG_HOME',
    'GH_CONFIG_DIR',
    'DBUS_SESSION_BUS_ADDRESS',
    'XDG_RUNTIME_DIR',
  ];
  const own = passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  try {
    const { stdout } = await promisify(execFile)(gh, ['auth', 'token', '--hostname', host], {
      env: { ...Object.fromEntries(own), GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1' },
      cwd: '/',
      timeout: CLI_ANSWER_MS_MAX,
    });
    return stdout.trim();
  } catch {
    // gh exits 1 when nobody is logged in; the caller says what to do.
    return '';
  }
}

function checked(token: string, source: string): string {
  // A line break would end the header it is written into.
  if (/^[\u0021-\u007e]{1,1024}$/.test(token)) {
    keepSecret(token);
    return token;
  }
  throw new TurretError('no_credentials', `${source} does not hold a token`, {
    hints: ['set it again, as one word'],
  });
}
