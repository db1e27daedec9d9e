// Policies: what a person wrote, against what an agent asks.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { parseManifest } from '../../../src/config/manifest.js';
import { parseConfigFile } from '../../../src/config/parse.js';
import { compile } from '../../../src/policy/compile.js';
import { compileCondition } from '../../../src/policy/condition.js';
import { decide, decideAll } from '../../../src/policy/decide.js';
import { compileParamsSchema } from '../../../src/policy/params-schema.js';
import {
  actionPatternProblem,
  compileAction,
  compileGlob,
  compilePath,
  globPatternProblem,
  pathPatternProblem,
  pathValueProblem,
} from '../../../src/policy/pattern.js';
import { compileSearch } from '../../../src/policy/text-search.js';
import { CAUTIOUS, type Json, type JsonObject } from '../../../src/protocol/messages.js';
import {
  actions,
  asPolicy,
  atLeastAsStrict,
  policyOf,
  request,
  requests,
  rule,
  rulesFrom,
} from '../../unit/policy/samples.js';
import { mutated, pieced, word } from '../arbitraries/text.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';
import { slowGlob, slowSegments } from './slow-pattern.js';

const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
const globs = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
const segments = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 });
const segmentPatterns = fc.oneof(segments, fc.constantFrom('*', '**', 'a*', '*b', 'a*b'));

const yamlish = pieced([
  'version: 1\n', '\n', 'rules:\n', '  - ', '- ', 'allow: ', 'deny: ', 'ask: ', '"**"', 'aws.s3.*', 'where: ', '{', '}', '[', ']', '&a', '*a',
  '!!x', '? ', ': ', '%', '---', '\t', '|', '>', '#', 'a', "'", '"', '\u0000', '💥', 'isolation: auto\n', '__proto__: ', 'glob: ', 'limit: ',
  'rate: 5/m', 'calls: 1e3', 'tests:\n', 'call: aws.s3.x', 'expect: allow', 'repeaters:\n  x:\n', '    kind: ', 'exec', '    command: [a]\n',
  'profile: exec\n', 'command: [a]\n', 'actions: [{name: a}]\n', 'extends: [preset:', 'env: {pass: [', ', ', '1', '-1', '.inf', '0x10', '~', 'null',
]); // prettier-ignore
/** Whole files, to be changed in places. */
const good = fc
  .subarray([
    'rules:\n  - allow: aws.s3.*\n    where: { bucket: { glob: "team-*" }, key: { path: ["a/**"] } }\n  - deny: "**"\n    id: no\n    limit: { rate: 5/min, calls: 10 }\n',
    'isolation: auto\n',
    'env: { pass: [FOO, MY_*] }\n',
    'extends: [preset:aws-readonly]\n',
    'repeaters:\n  x:\n    kind: exec\n    command: [./x.sh]\n    actions: [{ name: a.b, params: { type: object } }]\n',
    'limits: { calls: 5 }\n',
    'tests:\n  - call: aws.s3.x\n    expect: deny\n',
  ])
  .map((parts) => `version: 1\n${parts.join('')}`);
const manifest = fc
  .subarray([
    'secrets: [A_KEY]\n',
    'tools: [deploy]\n',
    'version: "1"\n',
    'actions: [{ name: a.b, title: T, run: [x] }, { name: c }]\n',
  ])
  .map((parts) => `profile: line\ncommand: [./x.sh]\n${parts.join('')}`);
const bytesOf = (whole: fc.Arbitrary<string>): fc.Arbitrary<Buffer> => {
  const all = fc.oneof(whole, yamlish).map((text) => Buffer.from(text));
  return fc.oneof(all, mutated(all));
};

const values = fc.oneof(
  word,
  fc.double(),
  fc.boolean(),
  fc.array(fc.oneof(word, fc.integer()), { maxLength: 3 }),
);
const schemas = fc.oneof(
  fc.dictionary(
    fc.constantFrom('type', 'properties', 'required', 'items', 'enum', 'pattern', 'maxLength', 'minimum', 'additionalProperties'),
    fc.oneof(fc.constantFrom<Json[]>('object', 'string', 'array', 'integer', true, false, 3), fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>),
  ),
  fc.constant<JsonObject>({ type: 'object', properties: { a: { type: 'string', maxLength: 3 }, b: { type: 'array', items: { type: 'integer' } } } }),
); // prettier-ignore

const [files, manifests] = [counter(), counter()];

export const POLICY: FuzzTarget[] = [
  {
    name: 'policy/pattern',
    claim: 'the three kinds of pattern agree with a slow reference',
    cases: 2500,
    property: fc.property(
      globs,
      letters,
      fc.array(segmentPatterns, { minLength: 1, maxLength: 6 }),
      fc.array(segments, { minLength: 1, maxLength: 7 }),
      (pattern, value, patterns, parts) => {
        equal(compileGlob(pattern)(value), slowGlob(pattern, value));
        const wanted = slowSegments(patterns, parts);
        equal(compilePath(patterns.join('/'))(parts.join('/')), wanted);
        equal(compileAction(patterns.join('.'))(parts.join('.')), wanted);
      },
    ),
  },
  {
    name: 'policy/search',
    claim: 'the text search finds what indexOf finds',
    cases: 500,
    property: fc.property(letters, letters, fc.nat(4), (text, wanted, from) => {
      equal(compileSearch(wanted)(text, from), from > text.length ? -1 : text.indexOf(wanted, from));
    }),
  },
  {
    name: 'policy/any-pattern',
    claim:
      'any text is refused as a pattern or matches without a throw; a path that passes has no segment that folds away',
    cases: 1500,
    property: fc.property(word, word, (pattern, value) => {
      if (!globPatternProblem(pattern)) compileGlob(pattern)(value);
      if (!actionPatternProblem(pattern)) compileAction(pattern)(value);
      if (!pathPatternProblem(pattern) && !pathValueProblem(value)) {
        compilePath(pattern)(value);
        ok(!value.split(/[/\\]/).some((part) => part === '..' || part === '.'));
      }
    }),
  },
  {
    name: 'policy/condition',
    claim:
      'a condition and its opposite never both surely hold, and never both surely fail for a present value',
    cases: 1500,
    property: fc.property(fc.array(fc.oneof(word, fc.integer(), fc.boolean()), { minLength: 1, maxLength: 3 }), values, (list, value) => {
      const inside = compileCondition({ in: list })(value);
      const outside = compileCondition({ not_in: list })(value);
      ok(!(inside.all && outside.all));
      if (!Array.isArray(value)) ok(inside.error === outside.error && (inside.error || inside.all !== outside.all));
      ok(compileCondition({ exists: true })(value).all !== compileCondition({ exists: false })(value).all);
    }), // prettier-ignore
  },
  {
    name: 'policy/deny',
    claim: 'a further deny never widens, whatever the rules and the request are',
    cases: 1000,
    property: fc.property(
      rulesFrom(['user']),
      rulesFrom(['preset'], ['deny']),
      requests,
      (rules, denies, call) => {
        const before = decide(compile(asPolicy(rules)), call).effect;
        ok(atLeastAsStrict(decide(compile(asPolicy([...rules, ...denies])), call).effect, before));
      },
    ),
  },
  {
    name: 'policy/project',
    claim: 'a project file never widens, whatever is in it',
    cases: 1000,
    property: fc.property(rulesFrom(['builtin', 'preset', 'user']), rulesFrom(['project']), requests, (rules, project, call) => {
      const without = decide(compile(asPolicy(rules)), call).effect;
      ok(atLeastAsStrict(decide(compile(asPolicy([...rules, ...project])), call).effect, without));
    }), // prettier-ignore
  },
  {
    name: 'policy/order',
    claim: 'the order of rules never matters',
    cases: 800,
    property: fc.property(
      rulesFrom(['preset', 'user', 'project']).chain((rules) =>
        fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
      ),
      requests,
      ([rules, other], call) => {
        deepEqual(decide(compile(asPolicy(other)), call), decide(compile(asPolicy(rules)), call));
      },
    ),
  },
  {
    name: 'policy/index',
    claim: 'the index finds the rules that a walk over all of them finds',
    cases: 500,
    property: fc.property(rulesFrom(['user'], ['allow']), actions, (rules, action) => {
      const bare = rules.map((each) => ({ ...each, where: {} }));
      const walked = bare.some((each) =>
        each.actions.some(
          (pattern) => decide(policyOf(rule('allow', [pattern])), request(action)).effect === 'allow',
        ),
      );
      equal(decide(compile(asPolicy(bare)), request(action)).effect === 'allow', walked);
    }),
  },
  {
    name: 'policy/call',
    claim: 'a call is allowed only when each of its capabilities is, and a further one never widens',
    cases: 600,
    property: fc.property(rulesFrom(['user']), fc.array(requests, { maxLength: 4 }), (rules, calls) => {
      const policy = compile(asPolicy(rules));
      const capabilities = calls.map(({ capability }) => capability);
      const { effect } = decideAll(policy, capabilities, 'aws');
      const each = capabilities.map((capability) => decide(policy, { capability, kind: 'aws' }).effect);
      equal(effect === 'allow', each.length > 0 && each.every((one) => one === 'allow'));
      equal(effect === 'deny', each.length === 0 || each.includes('deny'));
    }),
  },
  {
    name: 'policy/odd-capability',
    claim: 'any capability is decided on without a throw, and an action without rules is denied',
    cases: 1000,
    property: fc.property(rulesFrom(['user']), word, fc.dictionary(word, values, { maxKeys: 3 }), (rules, action, params) => {
      const capability = { action, params: params as never, annotations: CAUTIOUS };
      const { effect } = decide(compile(asPolicy(rules)), { capability, kind: 'x' });
      if (!/^[a-z][a-z0-9_]*\.[a-z0-9_.]+$/.test(action)) equal(effect, 'deny');
    }), // prettier-ignore
  },
  {
    name: 'policy/params-schema',
    claim: 'any schema is refused or answers any params with a list of problems',
    cases: 800,
    property: fc.property(schemas, fc.oneof(fc.jsonValue() as fc.Arbitrary<Json>, fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), values)), (schema, params) => {
      const compiled = refusedOr(['invalid_params'], () => compileParamsSchema(schema));
      if (compiled) ok(Array.isArray(compiled(params)));
    }), // prettier-ignore
  },
  {
    name: 'config/file',
    claim: 'any bytes as a turret.yaml end in a value or in problems, never in a throw',
    cases: 400,
    taken: files.taken,
    property: fc.property(bytesOf(good), fc.constantFrom('user' as const, 'project' as const), (bytes, layer) => {
      const { value, problems } = refusedOr([], () => parseConfigFile(bytes, 'f', layer)) ?? { problems: [] };
      equal(value === undefined, problems.length > 0);
      if (!value) return;
      files.add();
      // What a file may say, the broker can use: or it says config_invalid itself.
      refusedOr(['config_invalid'], () => compile({ rules: value.rules, limits: [] }));
      if (layer === 'project') ok(value.repeaters === undefined && value.isolation === undefined && value.env.pass.length === 0);
    }), // prettier-ignore
  },
  {
    name: 'config/manifest',
    claim: 'any bytes as a manifest end in a value or in problems, never in a throw',
    cases: 300,
    taken: manifests.taken,
    property: fc.property(bytesOf(manifest), (bytes) => {
      const { value, problems } = refusedOr([], () => parseManifest(bytes, '/d/f')) ?? { problems: [] };
      equal(value === undefined, problems.length > 0);
      if (value) manifests.add();
    }),
  },
];
