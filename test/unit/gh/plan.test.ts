import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planGh } from '../../../repeaters/gh/plan.js';
import { annotate } from '../../../repeaters/gh/resolve/annotations.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability, Needs } from '../../../src/protocol/messages.js';
import { ghWords } from '../../fuzz/arbitraries/gh-argv.js';

const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
const FACTS = {
  'env.GH_REPO': '',
  'git.remotes': 'origin\tgit@github.com:acme/app.git (fetch)\n',
  'git.config.remote.*.gh-resolved': '',
  'git.branch': 'feat/x',
};
type Resolved = { capabilities: Capability[]; needs: Needs };
function resolve(argv: string[]): Resolved {
  const result = resolveGh({ tool: 'gh', argv, cwd: '/w', facts: FACTS }, context);
  if (!('capabilities' in result)) throw new Error('asks for facts');
  return result;
}

/** The same values, and no identity with what resolving returned. */
function afterBroker(resolved: Resolved): Resolved {
  return JSON.parse(JSON.stringify(resolved));
}

describe('what was resolved comes back from its params', () => {
  const usable = Object.entries(context.table.commands).filter(([, command]) => command.refuse === undefined);
  it.each(usable.map(([name, command]) => [name, command] as const))('gh %s', (name, command) => {
    let planned = 0;
    fc.assert(
      fc.property(ghWords(name, command), (argv) => {
        let resolved: Resolved;
        try {
          resolved = resolve(argv);
        } catch (error) {
          if (!(error instanceof TurretError) || error.code !== 'unresolvable') throw error;
          return;
        }
        // planGh itself throws when argv made from the params does not resolve to them again.
        const plan = planGh(afterBroker(resolved), context);
        planned += 1;
        const words = name.split(' ');
        expect(plan.argv.slice(0, words.length)).toEqual(words);
        for (const word of plan.argv.slice(words.length))
          expect(word === '-' || !/^-[^-]|^--$/.test(word)).toBe(true);
        expect(plan.argv.join(' ')).not.toMatch(/(?:^|[ =@])(?:\/|\.\.)(?!repos)(?!user)/);
      }),
      { numRuns: 150 },
    );
    expect(planned).toBeGreaterThan(0);
  });
});

const changed = (
  argv: string[],
  params: Capability['params'],
  more: Partial<Capability> = {},
): (() => unknown) => {
  const { capabilities, needs } = resolve(argv);
  const [capability] = capabilities;
  if (!capability) throw new Error('no capability');
  return () =>
    planGh(
      { capabilities: [{ ...capability, ...more, params: { ...capability.params, ...params } }], needs },
      context,
    );
};

describe('a plan', () => {
  const R = ['-R', 'acme/app'];
  it('always names the repository', () => {
    expect(planGh(resolve(['pr', 'list']), context).argv).toEqual(['pr', 'list', '--repo=acme/app']);
    expect(planGh(resolve(['repo', 'view']), context).argv).toEqual(['repo', 'view', 'acme/app']);
  });
  it('runs pr status as in the checkout, without the checkout', () => {
    const plan = planGh(resolve(['pr', 'status']), context);
    expect(plan).toMatchObject({
      argv: ['pr', 'status'],
      env: { GH_REPO: 'github.com/acme/app' },
      branch: 'feat/x',
    });
    expect(planGh(resolve(['pr', 'status', ...R]), context)).toMatchObject({
      argv: ['pr', 'status', '--repo=acme/app'],
      env: {},
    });
  });
  it('puts copies where files stood, and only there', () => {
    const plan = planGh(resolve(['issue', 'create', '-t', '/tmp/x.md', '-F', '/tmp/x.md', ...R]), context);
    expect(plan.argv).toEqual([
      'issue',
      'create',
      '--body-file=.absolute/tmp/x.md',
      '--repo=acme/app',
      '--title=/tmp/x.md',
    ]);
    expect(plan.files).toEqual([
      { path: '/tmp/x.md', use: 'read', tree: false, local: '.absolute/tmp/x.md' },
    ]);
    expect(planGh(resolve(['api', 'gists', '-F', 'a=@/tmp/x', '-f', 'b=@/tmp/x']), context).argv).toEqual([
      'api',
      '--field=a=@.absolute/tmp/x',
      '--raw-field=b=@/tmp/x',
      '/gists',
    ]);
  });
  it.each<[string, () => unknown]>([
    ['another repository form', changed(['pr', 'list', ...R], { repo: 'ACME/app' })],
    ['a repository that is a flag', changed(['pr', 'list', ...R], { repo: '--web' })],
    ['a positional that is a flag', changed(['release', 'view', 'v1', ...R], { tag: '--web' })],
    [
      'a path that says another repository',
      changed(['api', 'repos/acme/app/pulls'], { path: '/repos/victim/private/pulls' }),
    ],
    [
      'a path that is another action',
      changed(['api', 'repos/acme/app/commits'], { path: '/repos/acme/app/pulls' }),
    ],
    ['a method that is another action', changed(['api', 'repos/acme/app/commits'], { method: 'DELETE' })],
    ['a query that widens', changed(['pr', 'list', ...R], { search: 'repo:x/y' })],
    ['a file nobody needs', changed(['issue', 'comment', '3', '-b', 'x', ...R], { body_file: 'x' })],
    [
      'kinder annotations',
      changed(['issue', 'comment', '3', '-b', 'x', ...R], {}, { annotations: annotate('local') }),
    ],
    ['a refused flag', changed(['pr', 'list', ...R], { web: true })],
    ['an unknown param', changed(['pr', 'list', ...R], { extra: 1 })],
    ['another action', changed(['pr', 'list', ...R], {}, { action: 'gh.pr.lst' })],
    ['an action of another repeater', changed(['pr', 'list', ...R], {}, { action: 'other.pr.list' })],
    [
      'a cursor that the mutation did not have',
      changed(['api', 'graphql', '-f', 'query={viewer{login}}'], { query: 'mutation{x}' }),
    ],
  ])('is not made from %s', (_title, plan) => {
    expect(plan).toThrow(TurretError);
  });
});

const call = (action: string, params: Capability['params']) => resolveGh({ action, params }, context);

describe('an action by name', () => {
  it('is what the same words are', () => {
    expect(call('gh.pr.list', { repo: 'Acme/App', limit: 5 })).toEqual(
      resolve(['pr', 'list', '-R', 'acme/app', '-L', '5']),
    );
    expect(call('gh.pr.view', { repo: 'acme/app', number: 12 })).toEqual(
      resolve(['pr', 'view', '12', '-R', 'acme/app']),
    );
    expect(call('gh.api.delete', { path: '/repos/acme/app/labels/x' })).toMatchObject({
      capabilities: [{ action: 'gh.api.delete' }],
    });
    expect(call('gh.pr.list', {})).toHaveProperty('facts');
  });
  it.each<[string, Capability['params']]>([
    ['gh.pr.nothing', {}],
    ['gh.auth.token', {}],
    ['gh.pr.list', { repo: 'acme/app', web: true }],
    ['gh.pr.list', { repo: ['a/b'] }],
    ['gh.api.get', { path: '/repos/acme/app/pulls' }],
    ['gh.api.get', { path: '/user', method: 'DELETE' }],
    ['gh.api.get', {}],
    ['gh.api.graphql_query', { query: 'mutation{x}' }],
    ['gh.pr.list', { repo: 'acme/app', __proto__x: 'y' }],
  ])('%s %j is refused', (action, params) => {
    expect(() => call(action, params)).toThrow(TurretError);
  });
});
