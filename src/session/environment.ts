// What the agent sees of the user's environment: an allow-list. A deny-list would have to know every secret's name.
// Pure: the environment comes in, another one goes out.

import { KNOWN_AGENTS } from '../agents/agents.js';
import { TurretError } from '../errors.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { hasCredentialForm, secretShape } from '../platform/secret-shape.js';

/** Passed when they are there. No name in this list may ever hold a secret. */
const PASSED = new Set([
  'HOME', 'USER', 'LOGNAME', 'SHELL', 'PATH', 'PWD', 'TERM', 'COLORTERM', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION',
  'COLUMNS', 'LINES', 'NO_COLOR', 'FORCE_COLOR', 'CLICOLOR', 'LANG', 'LANGUAGE', 'TZ', 'EDITOR', 'VISUAL', 'PAGER', 'LESS',
  'CI', 'TMPDIR', 'HOSTNAME', 'SHLVL', 'DEBIAN_FRONTEND',
  'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy',
  'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO',
  'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME', 'XDG_CONFIG_DIRS', 'XDG_DATA_DIRS',
  'NVM_DIR', 'NVM_BIN', 'FNM_DIR', 'VOLTA_HOME', 'PYENV_ROOT', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'CONDA_DEFAULT_ENV',
  'CARGO_HOME', 'RUSTUP_HOME', 'GOPATH', 'GOROOT', 'JAVA_HOME', 'MAVEN_HOME', 'GEM_HOME', 'RBENV_ROOT', 'BUN_INSTALL',
  'PNPM_HOME', 'DENO_DIR', 'PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE', 'AWS_REGION', 'AWS_DEFAULT_REGION',
  'AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_DEFAULT_OUTPUT', 'GH_REPO', 'GH_HOST',
  ...KNOWN_AGENTS.flatMap(({ variables }) => variables),
]); // prettier-ignore
const PASSED_PREFIXES = ['LC_'];

export interface EnvironmentRequest {
  /** The user's own. */
  from: NodeJS.ProcessEnv;
  /** Names added by `--env` and `env.pass`; a final `*` stands for the rest of the name. */
  pass: string[];
  /** Names passed although they look like secrets. */
  unsafe: string[];
}
export interface AgentEnvironment {
  env: Record<string, string>;
  /** Names on the built-in list that were left out because of their value. */
  withheld: string[];
}

/**
 * The agent's environment, without what Turret adds. Throws TurretError env_refused for a name that was asked for and
 * whose name or value looks like a secret; the message never holds the value.
 */
export function agentEnvironment(request: EnvironmentRequest): AgentEnvironment {
  const env: Record<string, string> = {};
  const withheld: string[] = [];
  const unsafe = new Set(request.unsafe);
  for (const [name, value] of Object.entries(request.from)) {
    // Turret's own names are Turret's: a session inside a session has its own.
    if (value === undefined || name.startsWith('TURRET_')) continue;
    if (unsafe.has(name)) env[name] = value;
    else if (request.pass.some((pattern) => matches(pattern, name))) env[name] = checked(name, value);
    else if (PASSED.has(name) || PASSED_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      // A proxy with a password in its address is the likely case.
      if (hasCredentialForm(value)) withheld.push(name);
      else env[name] = value;
    }
  }
  return { env, withheld };
}

/** With what Turret adds. The token is the one credential the agent has. */
export function withTurretsOwn(
  environment: AgentEnvironment,
  { agentDirectory, level, env: ofLevel }: Pick<Enclosure, 'agentDirectory' | 'level' | 'env'>,
  token: string,
): Record<string, string> {
  const env = { ...environment.env };
  if (level !== 'none') delete env['TMPDIR'];
  return {
    ...env,
    ...ofLevel,
    PATH: `${agentDirectory}/bin:${environment.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
    TURRET_TOKEN: token,
    TURRET_ISOLATION: level,
    // The profile of a login shell would put other directories first again.
    BASH_ENV: `${agentDirectory}/bash-env`,
  };
}

function checked(name: string, value: string): string {
  const why = secretShape(name, value);
  if (why === undefined) return value;
  throw new TurretError(
    'env_refused',
    `the variable ${JSON.stringify(name)} is not passed to the agent: ${why}`,
    {
      hints: [`if the agent really must hold it: --env-unsafe ${name}`],
    },
  );
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
