// A manifest: everything turret.yaml may say about a repeater of one's own, in a file beside its program.
// It is the operator's file; the checks here are against mistakes, and the shapes are those of turret.yaml itself.

import { dirname } from 'node:path';
import type { RegisteredAction } from '../protocol/messages.js';
import { withSecretNames } from './build.js';
import { NOT_EMPTY, TEXT } from './checks.js';
import type { RepeaterConfig, SandboxConfig, SandboxMode } from './config.js';
import { byPlace, type Problem } from './problem.js';
import type { Field, FieldsShape } from './shape.js';
import type { DeclaredAction, DeclaredCli } from './declared.js';
import { declaredManifest } from './shape-declared.js';
import { REPEATERS, REPEATER_PROFILES } from './shape-repeaters.js';
import { plain, validate } from './validate.js';
import { type MapNode, parseYaml } from './yaml.js';

const COMMAND_WORDS_MAX = 64;
/** `cli` describes a tool and takes a page to do so: in a manifest only. */
const MANIFEST_PROFILES = [...REPEATER_PROFILES, 'cli'] as const;
export type ManifestProfile = (typeof MANIFEST_PROFILES)[number];

/** An action of an exec repeater may name its own program; one of profile `cli` is a DeclaredAction. */
export type ManifestAction = RegisteredAction &
  Omit<DeclaredAction, keyof RegisteredAction> & { run?: string[] };

export interface Manifest extends DeclaredCli {
  version?: string;
  profile: ManifestProfile;
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
  const shape = root.is === 'map' && profileOf(root) === 'cli' ? DECLARED_MANIFEST : OWN_MANIFEST;
  const found = [...problems, ...validate(root, shape, file)].sort(byPlace);
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

function profileOf(root: MapNode): unknown {
  const value = root.entries.get('profile')?.value;
  return value?.is === 'scalar' ? value.value : undefined;
}

const FIELDS: Record<string, Field> = {
  version: { shape: TEXT, about: 'Version of the repeater, in quotes.' },
  profile: {
    shape: { is: 'word', words: MANIFEST_PROFILES },
    about: 'How the program is spoken to; cli for a tool that is described here.',
    required: true,
  },
  command: { ...(SHARED['command'] as Field), required: true },
  secrets: SHARED['secrets'] as Field,
  tools: SHARED['tools'] as Field,
  user: SHARED['user'] as Field,
  sandbox: SHARED['sandbox'] as Field,
};

/** What a manifest of a program of one's own may contain. */
export const OWN_MANIFEST: FieldsShape = {
  is: 'fields',
  fields: {
    ...FIELDS,
    actions: {
      shape: { ...ACTIONS, of: { ...ACTIONS.of, fields: { ...ACTIONS.of.fields, run: RUN } } },
      about: 'What it can do. A line or binary repeater may leave this out and register its actions itself.',
    },
  },
  check: (node) =>
    profileOf(node) === 'exec' && !node.entries.has('actions')
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

const { params: _, ...DESCRIBED } = ACTIONS.of.fields;
/** What the manifest of a declared tool may contain. */
export const DECLARED_MANIFEST: FieldsShape = declaredManifest(DESCRIBED, FIELDS);

/** A block of turret.yaml completed by the manifest it names: what the block says itself wins. */
export function applyManifest(config: RepeaterConfig, manifest: Manifest): RepeaterConfig {
  const { manifest: _, directory: __, ...own } = config;
  const merged = { ...manifest, ...own, directory: manifest.directory };
  if (own.secretSources === undefined) return merged;
  // A block that says where some of its secrets are does not take the others away.
  const secrets = [...new Set([...(manifest.secrets ?? []), ...(own.secrets ?? [])])];
  return { ...merged, secrets, secretSources: { ...manifest.secretSources, ...own.secretSources } };
}
