// `turret repeater new`: a directory with a program that works, its manifest and its test. Nothing is ever replaced.

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { installed } from '../installation.js';
import { repeaterNameComplaint } from '../config/checks.js';
import { TurretError } from '../errors.js';
import { isOnPath } from './agents-found.js';

export const LANGUAGES = ['ts', 'python', 'bash', 'go'] as const;
export type Language = (typeof LANGUAGES)[number];

interface Skeleton {
  /** Ending of the program. */
  ending: string;
  /** Of the repeater SDK, copied beside it. */
  sdk?: string;
  /** Programs it needs, and the package that has them. */
  needs: { program: string; from: string }[];
  /** Line of its test before the check itself. */
  build?: string;
}

const SKELETONS: Record<Language, Skeleton> = {
  bash: {
    ending: 'sh',
    needs: [
      { program: 'bash', from: 'bash' },
      { program: 'jq', from: 'jq' },
    ],
  },
  python: { ending: 'py', sdk: 'python/turret.py', needs: [{ program: 'python3', from: 'python3' }] },
  ts: { ending: 'mjs', needs: [] },
  go: {
    ending: 'go',
    sdk: 'go/turret.go',
    needs: [{ program: 'go', from: 'golang-go' }],
    build: 'go build -o {{NAME}} .\n',
  },
};

export interface NewRepeater {
  directory: string;
  /** Names of what was written. */
  files: string[];
  /** What it needs and this machine does not have. */
  missing: { program: string; from: string }[];
}

/** Throws TurretError `usage` when something is in the way, `state_unwritable` when it cannot be written. */
export function newRepeater(options: {
  name: string;
  language: Language;
  cwd: string;
  path: string;
}): NewRepeater {
  const { name, language, cwd, path } = options;
  const complaint = repeaterNameComplaint(name);
  if (complaint !== undefined)
    throw new TurretError('usage', complaint.message, {
      hints: complaint.hint === undefined ? [] : [complaint.hint],
    });
  const skeleton = SKELETONS[language];
  const directory = join(cwd, name);
  try {
    mkdirSync(directory);
    write(directory, name, language);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new TurretError('usage', `there is something already: ${directory}`, {
        cause,
        hints: ['choose another name, or another directory'],
      });
    throw new TurretError('state_unwritable', `${directory} cannot be written: ${code ?? String(cause)}`, {
      cause,
    });
  }
  const missing = skeleton.needs.filter(({ program }) => !isOnPath(program, path));
  return { directory, files: readdirSync(directory).sort(), missing };
}

function write(directory: string, name: string, language: Language): void {
  const { ending, sdk, build = '' } = SKELETONS[language];
  const words: Record<string, string> = {
    NAME: name,
    KEY: `${name.toUpperCase()}_KEY`,
    PROGRAM: `${name}.${ending}`,
    DIRECTORY: directory,
    NODE: isOnPath('node', SYSTEM_PATH) ? 'node' : process.execPath,
    BUILD: build.replaceAll('{{NAME}}', name),
  };
  const root = installed('.');
  for (const from of [join(root, 'repeaters/new', language), join(root, 'repeaters/new/shared')]) {
    for (const template of readdirSync(from)) {
      const file = join(directory, fileName(template, name));
      const text = readFileSync(join(from, template), 'utf8');
      writeFileSync(
        file,
        text.replaceAll(/\{\{([A-Z]+)\}\}/g, (_, word: string) => words[word] ?? ''),
        { flag: 'wx' },
      );
      if (file.endsWith('.sh')) chmodSync(file, 0o755);
    }
  }
  if (sdk !== undefined)
    copyFileSync(join(root, 'repeaters/sdk', sdk), join(directory, sdk.slice(sdk.indexOf('/') + 1)));
  if (language === 'ts') {
    // Where Node looks for `turret/repeater`, as npm link would make it.
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(root, join(directory, 'node_modules/turret'));
  }
}

/** Where programs of repeaters are looked for. */
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

function fileName(template: string, name: string): string {
  return template.replace(/\.tmpl$/, '').replace(/^(?:program|manifest)(?=\.)/, name);
}
