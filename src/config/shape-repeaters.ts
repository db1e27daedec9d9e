// The `repeaters` block of turret.yaml.

import { TurretError } from '../errors.js';
import { ANNOTATION_KEYS } from '../policy/rule.js';
import { compileParamsSchema } from '../policy/params-schema.js';
import type { JsonObject } from '../protocol/messages.js';
import {
  ACTION_WORDS,
  CREDENTIALS,
  ENDPOINT,
  ENV_NAME,
  HOST,
  KIND,
  NOT_EMPTY,
  PROFILE_NAME,
  REFERENCE,
  REGION,
  repeaterNameComplaint,
  TEXT,
  unixUserComplaint,
} from './checks.js';
import { nearest } from './nearest.js';
import { DATABASES } from './shape-databases.js';
import { UPSTREAMS, upstreamComplaints } from './shape-upstreams.js';
import { PLACE_FIELDS } from './shape-declared.js';
import type { Complaint, Field, FieldsShape, ListShape, TableShape } from './shape.js';
import type { MapNode } from './yaml.js';

/** Kinds that come with Turret; every other one needs a command or a manifest. */
export const BUILTIN_KINDS = ['aws', 'gh', 'http', 'db', 'echo'] as const;
/** How a program of one's own is spoken to: once per call, line by line, or in the full protocol. */
export const REPEATER_PROFILES = ['exec', 'line', 'binary'] as const;
/** Whether a repeater of one's own, or the real aws or gh, runs in a sandbox: where this machine can, always, never. */
export const SANDBOX_MODES = ['auto', 'required', 'off'] as const;
/** Whether calls of the real aws are forked from a process that has it imported: where this machine can, never. */
export const ZYGOTE_MODES = ['auto', 'off'] as const;
/** Whether what a repeater prints is looked through for its secrets. */
export const REDACT_MODES = ['auto', 'off'] as const;
const OUTPUTS = ['json', 'text', 'table', 'yaml', 'yaml-stream', 'off'] as const;
const REPEATERS_MAX = 64;

function paramsComplaint(value: unknown): Complaint {
  try {
    compileParamsSchema(value as JsonObject);
    return undefined;
  } catch (error) {
    if (error instanceof TurretError) return { message: error.message };
    throw error;
  }
}

const ACTION: FieldsShape = {
  is: 'fields',
  fields: {
    name: { shape: ACTION_WORDS, about: 'The action without the name of the repeater.', required: true },
    title: { shape: TEXT, about: 'A few words for people.' },
    description: { shape: TEXT, about: 'What it does.' },
    params: {
      shape: { is: 'any', check: paramsComplaint },
      about:
        'JSON Schema of its params: type, properties, required, items, enum, maxLength, maxItems, minimum, maximum.',
    },
    annotations: {
      shape: {
        is: 'fields',
        fields: Object.fromEntries(
          ANNOTATION_KEYS.map((key): [string, Field] => [
            key.slice(1),
            { shape: { is: 'flag' }, about: `What ${key} tests.` },
          ]),
        ),
      },
      about: 'What it does to the world; the cautious value when left out.',
    },
    stdin: { shape: { is: 'flag' }, about: 'It reads standard input.' },
  },
};

const PATHS: ListShape = { is: 'list', of: NOT_EMPTY, min: 1, max: REPEATERS_MAX };
const SANDBOX: FieldsShape = {
  is: 'fields',
  fields: {
    read: { shape: PATHS, about: "Paths it may see: absolute, ~/…, or from the manifest's directory." },
    write: { shape: PATHS, about: 'Paths it may change.' },
    net: { shape: { is: 'word', words: ['open', 'none'] }, about: 'Whether it reaches the network.' },
  },
};

const REPEATER: FieldsShape = {
  is: 'fields',
  fields: {
    kind: { shape: KIND, about: 'Kind of repeater; the name when left out.' },
    credentials: {
      shape: CREDENTIALS,
      about:
        'Where the key is: env, auto, profile:NAME, vault:NAME, env:NAME, file:PATH, systemd:NAME or cmd:PROGRAM.',
    },
    region: { shape: REGION, about: 'Region of an aws repeater.' },
    output: { shape: { is: 'word', words: OUTPUTS }, about: 'Output format of an aws repeater.' },
    host: { shape: HOST, about: 'Host of a gh repeater.' },
    endpoint: { shape: ENDPOINT, about: 'Send everything there instead (LocalStack, MinIO, tests).' },
    profiles: {
      shape: { is: 'list', of: PROFILE_NAME, min: 1, max: REPEATERS_MAX },
      about: 'Values of --profile that this repeater serves.',
    },
    cli: { shape: NOT_EMPTY, about: 'Absolute path of the real program.' },
    command: {
      shape: { is: 'list', of: NOT_EMPTY, min: 1, max: REPEATERS_MAX },
      about: 'Program of a repeater of your own, with its arguments.',
    },
    profile: { shape: { is: 'word', words: REPEATER_PROFILES }, about: 'How that program is spoken to.' },
    secrets: {
      shape: {
        is: 'either',
        list: { is: 'list', of: ENV_NAME, min: 1, max: REPEATERS_MAX },
        map: { is: 'table', of: REFERENCE, max: REPEATERS_MAX, checkKey: (name) => ENV_NAME.check?.(name) },
      },
      about:
        'Variables of your environment that it is given, or a map from names to where each secret is (vault:NAME, file:PATH, cmd:PROGRAM). Nobody else gets them.',
    },
    tools: {
      shape: { is: 'list', of: NOT_EMPTY, min: 1, max: REPEATERS_MAX },
      about: 'Programs that are to be answered by this repeater.',
    },
    actions: { shape: { is: 'list', of: ACTION, min: 1, max: 1_000 }, about: 'Actions of an exec repeater.' },
    upstreams: { shape: UPSTREAMS, about: 'What an http repeater reaches, by alias.' },
    databases: { shape: DATABASES, about: 'What a db repeater reads, by alias.' },
    user: {
      shape: { is: 'any', check: unixUserComplaint },
      about: 'Unix user it runs as, a name or a number. Needs turret run to be started as root.',
    },
    sandbox: {
      shape: { is: 'either', scalar: { is: 'word', words: SANDBOX_MODES }, map: SANDBOX },
      about:
        "Whether its program is shut in: auto (where this machine can), required, off; or what a program of your own reaches besides its manifest's directory.",
    },
    zygote: {
      shape: { is: 'word', words: ZYGOTE_MODES },
      about:
        'Whether calls of the real aws are forked from a process that has it imported: auto (where this machine can), off.',
    },
    redact: {
      shape: { is: 'word', words: REDACT_MODES },
      about:
        'Whether its standard output is looked through for its secrets: auto, or off, and then it also goes straight to the caller where it can.',
    },
    manifest: {
      shape: NOT_EMPTY,
      about: 'Path of a manifest that says all this; turret:kubectl is one that comes with Turret.',
    },
    ...PLACE_FIELDS,
  },
  check: repeaterComplaints,
};

function repeaterComplaints(node: MapNode): ReturnType<NonNullable<FieldsShape['check']>> {
  const has = (key: string): boolean => node.entries.has(key);
  const complaints: ReturnType<NonNullable<FieldsShape['check']>> = [];
  for (const key of ['profile', 'secrets', 'actions'] as const) {
    const entry = node.entries.get(key);
    if (entry && !has('command') && !has('manifest')) {
      const near = key === 'profile' ? { hint: 'for an aws profile write credentials: profile:NAME' } : {};
      complaints.push({ ...entry.key, message: `${key} is for repeaters with a command`, ...near });
    }
  }
  const upstreams = node.entries.get('upstreams')?.value;
  if (upstreams?.is === 'map') complaints.push(...upstreamComplaints(upstreams));
  for (const key of Object.keys(PLACE_FIELDS)) {
    const entry = node.entries.get(key);
    if (entry && !has('manifest'))
      complaints.push({ ...entry.key, message: `${key} is for tools that a manifest declares` });
  }
  const sandbox = node.entries.get('sandbox');
  if (sandbox?.value.is === 'map' && !has('command') && !has('manifest')) {
    const hint = 'for aws, gh and db write sandbox: auto, required or off';
    complaints.push({
      ...sandbox.key,
      message: 'what a sandbox reaches is for repeaters with a command',
      hint,
    });
  }
  const zygote = node.entries.get('zygote');
  const kind = node.entries.get('kind')?.value;
  const isOther = has('command') || has('manifest') || (kind?.is === 'scalar' && kind.value !== 'aws');
  if (zygote && isOther) complaints.push({ ...zygote.key, message: 'zygote is for aws repeaters' });
  const cli = node.entries.get('cli')?.value;
  if (cli?.is === 'scalar' && typeof cli.value === 'string' && !cli.value.startsWith('/')) {
    complaints.push({ line: cli.line, column: cli.column, message: 'cli must be an absolute path' });
  }
  return complaints;
}

export const REPEATERS: TableShape = {
  is: 'table',
  of: REPEATER,
  max: REPEATERS_MAX,
  checkKey: repeaterNameComplaint,
};

/** A repeater that nobody would know how to start. Only the table knows both name and block. */
export function kindComplaints(repeaters: MapNode): ReturnType<NonNullable<FieldsShape['check']>> {
  const complaints: ReturnType<NonNullable<FieldsShape['check']>> = [];
  for (const [name, { key, value }] of repeaters.entries) {
    if (value.is !== 'map' || value.entries.has('command') || value.entries.has('manifest')) continue;
    const given = value.entries.get('kind');
    const kind = given?.value.is === 'scalar' ? given.value.value : name;
    if (typeof kind !== 'string' || (BUILTIN_KINDS as readonly string[]).includes(kind)) continue;
    const near = nearest(kind, BUILTIN_KINDS);
    const hint =
      near === undefined
        ? `add a command, or kind: one of ${BUILTIN_KINDS.join(', ')}`
        : `did you mean ${JSON.stringify(near)}?`;
    complaints.push({
      ...(given?.key ?? key),
      message: `no repeater of kind ${JSON.stringify(kind)} comes with turret`,
      hint,
    });
  }
  return complaints;
}
