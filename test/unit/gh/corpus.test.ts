import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planGh } from '../../../repeaters/gh/plan.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability, ResolveResult } from '../../../src/protocol/messages.js';

interface Case {
  id: string;
  tool: string;
  argv: string[];
  expected: string;
  files?: Record<string, string>;
}
const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };

function cases(file: string): Case[] {
  const text = readFileSync(new URL(`../../vectors/corpus/${file}.jsonl`, import.meta.url), 'utf8');
  const all = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Case => JSON.parse(line));
  return all.filter(({ tool }) => tool === 'gh');
}

/** What `git` says in the case's directory; without a remote of its own, a checkout of acme/app. */
function factsOf({ files }: Case): Record<string, string> {
  const url = /url = (\S+)/.exec(files?.['.git/config'] ?? '')?.[1] ?? 'https://github.com/acme/app.git';
  return {
    'env.GH_REPO': '',
    'git.remotes': `origin\t${url} (fetch)\norigin\t${url} (push)\n`,
    'git.config.remote.*.gh-resolved': '',
    'git.branch': 'main',
  };
}

function resolve(one: Case): ResolveResult {
  const call = { tool: 'gh', argv: one.argv, cwd: '/home/agent/work' };
  const first = resolveGh(call, context);
  return 'facts' in first ? resolveGh({ ...call, facts: factsOf(one) }, context) : first;
}

const READS = new Set(
  (
    'pr.list pr.view pr.status pr.diff pr.checks issue.list issue.view issue.status repo.view run.list run.view release.list ' +
    'release.view release.download workflow.list workflow.view label.list search.issues issue.create issue.comment pr.create'
  ).split(' '),
);
/** The baseline policy that the corpus assumes. */
function allows({ action, params, unbounded }: Capability): boolean {
  const words = action.slice('gh.'.length);
  if (words === 'cli.version' || words === 'cli.help') return true;
  if (words === 'api.get') return String(params['path']).startsWith('/repos/acme/app/');
  return READS.has(words) && params['repo'] === 'acme/app' && unbounded?.includes('repo') !== true;
}

/** `refused` must be a sentence with a hint; anything else that is thrown fails the test. */
function verdict(one: Case): 'denied' | 'allowed' {
  try {
    const result = resolve(one);
    if (!('capabilities' in result)) throw new Error('asks for facts a second time');
    return result.capabilities.every(allows) ? 'allowed' : 'denied';
  } catch (error) {
    if (error instanceof TurretError && error.code === 'unresolvable' && error.hints.length === 1)
      return 'denied';
    throw error;
  }
}

describe('every gh attack of the corpus', () => {
  const denied = cases('attacks').filter(({ expected }) => expected === 'deny');
  it('has cases', () => {
    expect(denied.length).toBeGreaterThan(100);
  });
  it.each(denied.map((one) => [one.id, one] as const))(
    '%s is refused, or asks for what the policy denies',
    (_id, one) => {
      expect(verdict(one)).toBe('denied');
    },
  );
});

describe('what must keep working', () => {
  const fine = [...cases('benign'), ...cases('attacks').filter(({ expected }) => expected !== 'deny')];
  it.each(fine.map((one) => [one.id, one] as const))(
    '%s resolves, is allowed, and comes back the same',
    (_id, one) => {
      const result = resolve(one);
      if (!('capabilities' in result)) throw new Error('still asks for facts');
      // The baseline policy has no rule for /user, which these two read.
      const ownUser = result.capabilities[0]?.params['path'] === '/user';
      expect(result.capabilities.every(allows)).toBe(!ownUser);
      expect(planGh(result, context).argv.length).toBeGreaterThan(0);
    },
  );
});
