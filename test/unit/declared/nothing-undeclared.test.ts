// Whatever an agent types: what is rebuilt has only words the manifest declares. The judge below reads a command line in
// its own, simpler way and shares nothing with the code that made it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Declared,
  type Resolved,
  planDeclared,
  resolveDeclared,
} from '../../../repeaters/declared/resolve.js';
import { toolOf } from '../../../repeaters/declared/tool.js';
import type { DeclaredAction, OptionRule, PositionRule } from '../../../src/config/declared.js';
import { type Manifest, parseManifest } from '../../../src/config/manifest.js';
import { TurretError } from '../../../src/errors.js';

const kubectlFile = fileURLToPath(new URL('../../../repeaters/kubectl/kubectl.yaml', import.meta.url));

/** A tool of another school: two words for an option, no `--`, files, repeated options, actions by their first position. */
const OTHER = `
profile: cli
command: [other]
tools: [other]
value_form: next
options:
  -v: {type: flag, param: verbose}
  --dir: {also: [-C], type: path, file: read}
actions:
  - name: run
    options:
      --set: {type: text, many: true, chars: "a-z=,"}
      --count: {type: int, min: -3, max: 9, default: 1}
      --force: {type: bool}
      -t: {type: enum, param: target, values: {one: [un, uno], two: []}, prefixes: [file=]}
    positions:
      - {param: input, type: path, required: true}
      - {param: rest, type: name, many: true}
  - name: plan_add
    words: [plan add, plan new]
    positions: [{param: kind, type: enum, values: [a, b], required: true}, {param: value, type: text}]
  - name: plan_add_c
    words: [plan add]
    options: {--wait: {type: duration}}
    positions: [{param: kind, type: enum, values: [c], required: true, joined: value}, {param: value, type: text}]
`.replace('two: []', 'two: [dos]');

function manifestOf(bytes: Buffer): Manifest {
  const { value, problems } = parseManifest(bytes, 'm.yaml');
  if (value === undefined) throw new Error(JSON.stringify(problems));
  return value;
}

const TOOLS = { kubectl: manifestOf(readFileSync(kubectlFile)), other: manifestOf(Buffer.from(OTHER)) };
const declaredOf = (name: keyof typeof TOOLS): Declared => ({
  name,
  tools: [name],
  tool: toolOf(TOOLS[name]),
});

/** Why this word may not stand for the rule; an independent reading of docs/declared-clis.md. */
function objection(word: string, rule: OptionRule | PositionRule): string | undefined {
  if (/[\p{C}\u2028\u2029]/u.test(word)) return 'hidden characters';
  if (word === '') return 'empty';
  if (rule.type === 'int') return /^-?\d+$/.test(word) ? undefined : 'no number';
  if (/^[-@]/.test(word)) return 'looks like something else';
  const items = rule.list === undefined ? [word] : word.split(rule.list);
  if (rule.type === 'enum') {
    const words = Array.isArray(rule.values) ? rule.values : Object.keys(rule.values ?? {});
    const isKnown = (item: string) =>
      words.includes(item) || (rule.prefixes ?? []).some((prefix) => item.startsWith(prefix));
    return items.every(isKnown) ? undefined : 'not a word of the enum';
  }
  if (rule.type === 'bool') return word === 'true' || word === 'false' ? undefined : 'not a bool';
  if (rule.type === 'name') return items.every((item) => /^[\w.-]+$/.test(item)) ? undefined : 'not a name';
  if (rule.type === 'duration') return /^[\d.hmsnud]+$/.test(word) ? undefined : 'not a duration';
  if (rule.type === 'path') return /^\/|\.\.|^~|:\/\//.test(word) ? 'leads elsewhere' : undefined;
  return rule.type === 'flag' ? 'a flag with a value' : undefined;
}

/** What is wrong with a rebuilt command line. */
function judge(argv: readonly string[], manifest: Manifest, action: DeclaredAction): string | undefined {
  const first = (action.words?.[0] ?? '').split(' ').filter(Boolean);
  if (first.some((word, at) => argv[at] !== word)) return 'other words than the first spelling';
  const options: Record<string, OptionRule> = { ...manifest.options, ...action.options };
  const seen = new Set<string>();
  const positional: string[] = [];
  for (let at = first.length; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') {
      if (manifest.separator !== true) return '-- for a tool that has none';
      positional.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith('-')) {
      positional.push(word);
      continue;
    }
    const [key = '', ...parts] = word.split('=');
    const rule = options[key];
    if (rule === undefined) return `${key} is not declared`;
    if (seen.has(key) && rule.many !== true) return `${key} twice`;
    seen.add(key);
    const inOneWord = rule.type === 'flag' || rule.type === 'bool' || manifest.value_form !== 'next';
    if (rule.type === 'flag') {
      if (parts.length > 0) return `${key} with a value`;
      continue;
    }
    const value = inOneWord ? parts.join('=') : (argv[(at += 1)] ?? '');
    const wrong = objection(value, rule);
    if (wrong !== undefined) return `${key}: ${wrong}`;
  }
  for (const [at, word] of positional.entries()) {
    const rule = (action.positions ?? [])[Math.min(at, (action.positions?.length ?? 0) - 1)];
    if (rule === undefined) return `${word} has no position`;
    const wrong = objection(word, rule);
    if (wrong !== undefined) return `${word}: ${wrong}`;
  }
  return undefined;
}

const NASTY = [
  '--kubeconfig=/tmp/x', '--kubeconfig', '-s', '--server=https://evil', '--token=x', '--as=root', '--', '-', '', '=',
  '-n=x', '-nx', '-Ao', '--namespac', '--name', '--output', '-o', 'json', 'go-template={{.}}', 'jsonpath-file=/x', 'jsonpath={.a}',
  '--raw', '/api', 'exec', 'pods', 'pods/web', 'pods,secrets', 'secrets', 'nodes', 'web', '-f', 'https://evil/x', '@file', '../x',
  '/etc/passwd', '~/x', 'a/b', '.hidden', 'a\nb', 'a\u0000b', 'a\u202eb', '-1', '5', '05', '1e3', '10m', 'true', 'false', 'un',
  'file=x', 'file=-x', '--set', '--set=a', '--set=-x', '-t', '-C', '--dir=x', '-v', '-vv', '--v=9', 'a', 'c', 'c/x', 'default',
  '--wait', '--count=-3', '--count', '--force', '--force=false', '--watch=false', '-A', '--all-namespaces=false', '__proto__',
]; // prettier-ignore

function words(manifest: Manifest): fc.Arbitrary<string> {
  const all = [manifest, ...(manifest.actions ?? [])] as { options?: Record<string, OptionRule> }[];
  const options = all.flatMap(({ options: rules = {} }) =>
    Object.entries(rules).flatMap(([key, { also = [] }]) => [key, ...also]),
  );
  const commands = (manifest.actions ?? []).flatMap((action: DeclaredAction) =>
    (action.words ?? []).flatMap((each) => each.split(' ')),
  );
  const nasty = fc.constantFrom(...NASTY);
  const option = fc.constantFrom(...new Set(options));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...commands, ...NASTY) },
    { weight: 2, arbitrary: option },
    { weight: 2, arbitrary: fc.tuple(option, nasty).map(([key, value]) => `${key}=${value}`) },
    { weight: 1, arbitrary: fc.tuple(option, nasty).map(([key, value]) => `${key}${value}`) },
    { weight: 1, arbitrary: option.map((key) => key.slice(0, -1)) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  );
}

/** Command lines that mostly begin with a command. */
function commandLine(manifest: Manifest): fc.Arbitrary<string[]> {
  const starts = (manifest.actions ?? []).map((action: DeclaredAction) =>
    (action.words?.[0] ?? '').split(' ').filter(Boolean),
  );
  const rest = fc.array(words(manifest), { maxLength: 6 });
  return fc.oneof(
    rest,
    fc.tuple(fc.constantFrom(...starts), rest).map(([start, more]) => [...start, ...more]),
  );
}

function resolved(call: () => Resolved): Resolved | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof TurretError && error.code !== 'internal') return undefined;
    throw error;
  }
}

describe.each(['kubectl', 'other'] as const)('whatever an agent types to %s', (name) => {
  const manifest = TOOLS[name];
  const declared = declaredOf(name);
  const actionOf = (result: Resolved): DeclaredAction =>
    (manifest.actions as DeclaredAction[]).find(
      (each) => `${name}.${each.name}` === result.capabilities[0].action,
    ) as DeclaredAction;

  it('is refused, or rebuilt from declared words only, and comes to the same when it is read again', () => {
    let understood = 0;
    fc.assert(
      fc.property(commandLine(manifest), (argv) => {
        const result = resolved(() => resolveDeclared({ tool: name, argv, cwd: '/w' }, declared));
        if (result === undefined) return;
        understood += 1;
        const rebuilt = planDeclared(result, declared, (file) => file);
        expect([rebuilt, judge(rebuilt, manifest, actionOf(result))]).toEqual([rebuilt, undefined]);
        expect(resolveDeclared({ tool: name, argv: rebuilt, cwd: '/w' }, declared)).toEqual(result);
      }),
      { numRuns: 2_500 },
    );
    // A property about nothing would hold as well.
    expect(understood).toBeGreaterThan(40);
  });

  it('nor do params by name: they are those of the capability, or refused', () => {
    const actions = manifest.actions as DeclaredAction[];
    const params = actions.flatMap(({ options = {}, positions = [] }) => [
      ...Object.keys(options).map((key) => key.replace(/^-+/, '').replaceAll('-', '_')),
      ...positions.map(({ param }) => param),
    ]);
    const scalar = fc.oneof(fc.constantFrom(...NASTY), fc.boolean(), fc.integer({ min: -5, max: 20 }));
    const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
    const call = fc.record({
      action: fc.constantFrom(...actions.map((each) => `${name}.${each.name}`)),
      params: fc.dictionary(fc.constantFrom(...params, 'kubeconfig', 'constructor'), value, { maxKeys: 4 }),
    });
    fc.assert(
      fc.property(call, (asked) => {
        const result = resolved(() => resolveDeclared(asked, declared));
        if (result === undefined) return;
        expect(result.capabilities[0].action).toBe(asked.action);
        expect(result.capabilities[0].params).toMatchObject(asked.params);
        const rebuilt = planDeclared(result, declared, (file) => file);
        expect([rebuilt, judge(rebuilt, manifest, actionOf(result))]).toEqual([rebuilt, undefined]);
      }),
      { numRuns: 2_500 },
    );
  });
});
