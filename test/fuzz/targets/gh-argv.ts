// Whatever an agent types behind `gh`.

import { deepEqual, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { planGh } from '../../../repeaters/gh/plan.js';
import { actionName, annotate } from '../../../repeaters/gh/resolve/annotations.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import type { GhContext } from '../../../repeaters/gh/types.js';
import type { AgentCall, Capability, ResolveResult } from '../../../src/protocol/messages.js';
import { checkAnswer, INVISIBLE } from '../answers.js';
import { ghArgv } from '../arbitraries/gh-argv.js';
import { nasty, word } from '../arbitraries/text.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';

const context: GhContext = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
const enterprise: GhContext = { ...context, host: 'ghe.example' };
const FACTS = {
  'env.GH_REPO': '',
  'git.remotes': 'origin\tgit@github.com:acme/app.git (fetch)\n',
  'git.config.remote.*.gh-resolved': '',
  'git.branch': 'feat/x',
};
const facts: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { arbitrary: fc.constant(FACTS), weight: 3 },
  {
    arbitrary: fc
      .record({
        repo: fc.oneof(fc.constant(''), nasty),
        remote: fc.oneof(fc.constantFrom('https://github.com/a/b', 'ssh://git@ghe.example/a/b.git', 'git@github.com:../x'), word),
        mark: fc.oneof(fc.constantFrom('', 'remote.origin.gh-resolved base', 'remote.origin.gh-resolved x/y'), word),
        branch: word,
      })
      .map(({ repo, remote, mark, branch }) => ({
        'env.GH_REPO': repo,
        'git.remotes': `origin\t${remote} (fetch)\nup\thttps://github.com/u/p.git (fetch)\n`,
        'git.config.remote.*.gh-resolved': mark,
        'git.branch': branch,
      })),
    weight: 1,
  },
); // prettier-ignore

const CODES = ['unresolvable', 'no_such_action', 'invalid_params'] as const;
const attempt = (call: AgentCall, use: GhContext): ResolveResult | undefined =>
  refusedOr(call && 'argv' in call ? ['unresolvable'] : CODES, () => resolveGh(call, use));

/** Reading is only what the table calls reading; nothing is about another host. */
function checkKnown({ action, params, annotations }: Capability, { name, table }: GhContext): void {
  const known = Object.entries(table.commands).find(([command]) => actionName(name, command) === action);
  if (known && params['command'] !== 'api')
    deepEqual(annotations, { ...annotate(known[1].class), secretOutput: annotations.secretOutput });
  const method = params['method'];
  const write = /\.api\.(post|put|patch|delete|graphql_mutation)$/.test(action);
  if (write || (typeof method === 'string' && !['GET', 'HEAD'].includes(method.toUpperCase())))
    ok(!annotations.readOnly, `${action} is said to read`);
  for (const repo of [params['repo'] ?? []].flat())
    ok(
      /^[a-z0-9_-]+\/[a-z0-9._-]+$/.test(String(repo)) && !/\/\.\.?$/.test(String(repo)),
      `repo ${String(repo)}`,
    );
}

function checkResolved(result: ResolveResult, use: GhContext): void {
  checkAnswer(result, use.name);
  if (!('capabilities' in result)) return;
  for (const capability of result.capabilities) checkKnown(capability, use);
  const received = JSON.parse(JSON.stringify(result)) as typeof result;
  // Throws itself when what it would run does not resolve to the same again.
  const plan = planGh(received, use);
  for (const one of plan.argv) ok(!INVISIBLE.test(one) && !/^-[^-]|^--$/.test(one), one);
  for (const { local } of plan.files) ok(!local.startsWith('/') && !local.split('/').includes('..'), local);
  ok(!plan.argv.some((one) => /^--(hostname|web|editor|cache|preview)(=|$)/.test(one)));
}

const lines = counter();
const words = counter();
const hosts = counter();
const actions = counter();

function tried(argv: string[], given: Record<string, string>, use: GhContext, add: () => void): void {
  const result = attempt({ tool: 'gh', argv, cwd: '/w', facts: given }, use);
  if (!result) return;
  add();
  checkResolved(result, use);
}

export const GH_ARGV: FuzzTarget[] = [
  {
    name: 'gh/argv',
    claim: 'every command line is refused, or planned and resolved again to the same, on this host only',
    cases: 1500,
    taken: lines.taken,
    property: fc.property(ghArgv(context.table), facts, (argv, given) =>
      tried(argv, given, context, lines.add),
    ),
  },
  {
    name: 'gh/argv-enterprise',
    claim: 'the same on an enterprise host',
    cases: 300,
    taken: hosts.taken,
    property: fc.property(ghArgv(context.table), facts, (argv, given) =>
      tried(argv, given, enterprise, hosts.add),
    ),
  },
  {
    name: 'gh/words',
    claim: 'any words at all are refused or resolved',
    cases: 800,
    taken: words.taken,
    property: fc.property(
      fc.array(fc.oneof(word, fc.constantFrom('pr', 'issue', 'api', 'repo', 'list', 'view', 'search', '-R', 'acme/app', 'graphql', '-f', '-X')), { maxLength: 6 }),
      facts,
      (argv, given) => tried(argv, given, context, words.add),
    ), // prettier-ignore
  },
  {
    name: 'gh/action',
    claim: 'any action and params are refused or resolve to that action',
    cases: 800,
    taken: actions.taken,
    property: fc.property(
      fc.oneof(
        fc.constantFrom(...Object.keys(context.table.commands)).map((name) => actionName('gh', name)),
        fc.constantFrom('gh.api.get', 'gh.api.post', 'gh.api.graphql_query', 'gh.cli.help', 'gh.cli.version', 'gh.variable.list'),
        word,
      ),
      fc.dictionary(
        fc.oneof(fc.constantFrom('repo', 'number', 'path', 'query', 'command', 'method', 'field', 'limit', 'json', 'branch', 'files', 'topic', 'input'), word),
        fc.oneof(word, fc.constantFrom('acme/app', '/repos/acme/app/pulls', 'api'), fc.boolean(), fc.nat(), fc.array(word, { maxLength: 3 })),
        { maxKeys: 4 },
      ),
      (action, params) => {
        const result = attempt({ action, params }, context);
        if (!result || !('capabilities' in result)) return;
        actions.add();
        ok(result.capabilities[0]?.action === action);
        checkResolved(result, context);
      },
    ), // prettier-ignore
  },
];
