// The whole of turret.yaml, and what a project file may have of it.

import { ISOLATION_MODES, LEVELS, NETWORK_MODES } from '../isolation/levels.js';
import { ENV_NAME, ENV_PATTERN, HOME_PATH, PRESET, USER_NAME } from './checks.js';
import { kindComplaints, REPEATERS } from './shape-repeaters.js';
import { SHARED_FIELDS } from './shape-rules.js';
import { GATEWAY } from './shape-upstreams.js';
import type { Field, FieldsShape } from './shape.js';

const NAMES_MAX = 256;

const USER_FIELDS: Record<string, Field> = {
  extends: { shape: { is: 'list', of: PRESET, min: 0, max: 16 }, about: 'Presets whose rules apply too.' },
  isolation: {
    shape: { is: 'word', words: ISOLATION_MODES },
    about: 'How the agent is shut in; auto takes the best this machine can do.',
  },
  min_isolation: {
    shape: { is: 'word', words: LEVELS },
    about: 'The least that auto may fall to without asking.',
  },
  net: {
    shape: { is: 'word', words: NETWORK_MODES },
    about: 'The network of the agent: all of it, TCP to some ports only (Linux with Landlock), or none.',
  },
  ports: {
    shape: {
      is: 'list',
      of: { is: 'number', integer: true, minimum: 1, maximum: 65_535 },
      min: 0,
      max: NAMES_MAX,
    },
    about: 'TCP ports the agent may connect to besides 53 and 443, when net is ports.',
  },
  agent_user: {
    shape: USER_NAME,
    about: 'The user the agent runs as under isolation: uid, when turret is started as root.',
  },
  env: {
    shape: {
      is: 'fields',
      fields: {
        pass: {
          shape: { is: 'list', of: ENV_PATTERN, min: 0, max: NAMES_MAX },
          about: 'Variables the agent may see besides the built-in list; never one that looks like a secret.',
        },
        unsafe: {
          shape: { is: 'list', of: ENV_NAME, min: 0, max: NAMES_MAX },
          about: 'Variables the agent may see although they look like a secret.',
        },
      },
    },
    about: 'The environment of the agent.',
  },
  home: {
    shape: {
      is: 'fields',
      fields: {
        allow: {
          shape: { is: 'list', of: HOME_PATH, min: 0, max: NAMES_MAX },
          about: 'Paths below the home directory that the agent may see.',
        },
      },
    },
    about: 'The home directory of the agent.',
  },
  gateway: {
    shape: GATEWAY,
    about:
      'Upstreams that programs reach at a base URL of their own, without a key: OPENAI_BASE_URL and the like.',
  },
  repeaters: {
    shape: REPEATERS,
    about: 'The processes that hold the keys, by name. The name is the first word of their actions.',
  },
};

export const USER_FILE: FieldsShape = {
  is: 'fields',
  fields: { ...SHARED_FIELDS, ...USER_FIELDS },
  check(node) {
    const repeaters = node.entries.get('repeaters')?.value;
    return repeaters?.is === 'map' ? kindComplaints(repeaters) : [];
  },
};

/** The agent can write this file, so it may only take away. */
export const PROJECT_FILE: FieldsShape = {
  is: 'fields',
  fields: {
    ...SHARED_FIELDS,
    ...Object.fromEntries(
      Object.entries(USER_FIELDS).map(([key, field]): [string, Field] => [
        key,
        { ...field, shape: refusedInProject(key) },
      ]),
    ),
  },
};

function refusedInProject(key: string): Field['shape'] {
  return {
    is: 'any',
    check: () => ({
      message: `${key} cannot be set in a project file, which only narrows`,
      hint: 'move it to ~/.config/turret/turret.yaml, or use this file on its own with --config',
    }),
  };
}
