// A manifest: everything turret.yaml may say about a repeater of one's own, in a file beside its program.
// It is the operator's file; the checks here are against mistakes, and the shapes are those of turret.yaml itself.

import { dirname } from 'node:path';
import type { RegisteredAction } from '../protocol/messages.js';
import { withSecretNames } from './build.js';
import { NOT_EMPTY, TEXT } from './checks.js';
import type { RepeaterConfig, SandboxConfig, SandboxMode } from './config.js';
import { byPlace, type Problem } from './problem.js';
import type { Field, FieldsShape } from './shape.js';
import { REPEATERS, REPEATER_PROFILES } from './shape-repeaters.js';
import { plain, validate } from './validate.js';
import { parseYaml } from './yaml.js';

const COMMAND_WORDS_MAX = 64;

/** An action of an exec repeater may name its own program. */
export type ManifestAction = RegisteredAction & { run?: string[] };

export interface Manifest {
  version?: string;
  profile: (typeof REPEATER_PROFILES)[number];
  command: string[];
  /** Names of variables, never values. */
  secrets?: string[];
  secretSources?: Record<string, string>;
  tools?: string[];
  user?: string | number;
  sandbox?: SandboxMode | SandboxConfig;
  actions?: ManifestAction[];
  /** Where the manifest is: relative paths in `command` start there, and the program runs there. */
  directory: string;
}

/** Parses the bytes of a manifest. Never throws; reports every problem under the name `file`. */
export function parseManifest(bytes: Uint8Array, file: string): { value?: Manifest; problems: Problem[] } {
  const { root, problems } = parseYaml(bytes, file);
  if (root === undefined) {
    const empty = { file, message: 'the file is empty', hint: 'begin with profile: exec' };
    return { problems: problems.length > 0 ? problems : [empty] };
  }
  const found = [...problems, ...validate(root, MANIFEST, file)].sort(byPlace);
  if (found.length > 0) return { problems: found };
  return {
    value: { ...withSecretNames(plain(root) as Omit<Manifest, 'directory'>), directory: dirname(file) },
    problems: [],
  };
}

function fieldsOf(shape: unknown): Record<string, Field> {
  return (shape as FieldsShape).fields;
}

const SHARED = fieldsOf(REPEATERS.of);
const ACTIONS = SHARED['actions']?.shape as { is: 'list'; of: FieldsShape; min: number; max: number };
const RUN: Field = {
  shape: { is: 'list', of: NOT_EMPTY, min: 1, max: COMMAND_WORDS_MAX },
  about: 'Program of this action, instead of the command with the action as its last word.',
};

/** What a manifest may contain. */
export const MANIFEST: FieldsShape = {
  is: 'fields',
  fields: {
    version: { shape: TEXT, about: 'Version of the repeater, in quotes.' },
    profile: {
      shape: { is: 'word', words: REPEATER_PROFILES },
      about: 'How the program is spoken to.',
      required: true,
    },
    command: { ...(SHARED['command'] as Field), required: true },
    secrets: SHARED['secrets'] as Field,
    tools: SHARED['tools'] as Field,
    user: SHARED['user'] as Field,
    sandbox: SHARED['sandbox'] as Field,
    actions: {
      shape: { ...ACTIONS, of: { ...ACTIONS.of, fields: { ...ACTIONS.of.fields, run: RUN } } },
      about: 'What it can do. A line or binary repeater may leave this out and register its actions itself.',
    },
  },
  check: (node) =>
    node.entries.get('profile')?.value.is === 'scalar' &&
    (plain(node) as Partial<Manifest>).profile === 'exec' &&
    !node.entries.has('actions')
      ? [
          {
            line: node.line,
            column: node.column,
            message: 'an exec repeater must list its actions',
            hint: 'add actions: with a name each',
          },
        ]
      : [],
};

/** A block of turret.yaml completed by the manifest it names: what the block says itself wins. */
export function applyManifest(config: RepeaterConfig, manifest: Manifest): RepeaterConfig {
  const { manifest: _, directory: __, ...own } = config;
  const merged = { ...manifest, ...own, directory: manifest.directory };
  if (own.secretSources === undefined) return merged;
  // A block that says where some of its secrets are does not take the others away.
  const secrets = [...new Set([...(manifest.secrets ?? []), ...(own.secrets ?? [])])];
  return { ...merged, secrets, secretSources: { ...manifest.secretSources, ...own.secretSources } };
}
