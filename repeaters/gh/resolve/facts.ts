// What gh would take from its surroundings, asked of the shim by name.

import { refusal } from './refusal.js';
import { chooseRepo, parseRemotes, type Remote } from './remotes.js';
import { parseRepo } from './repo-name.js';
import { checkWord } from './words.js';

export const FACT = {
  repo: 'env.GH_REPO',
  remotes: 'git.remotes',
  branch: 'git.branch',
  resolved: 'git.config.remote.*.gh-resolved',
} as const;
const REPO_FACTS = [FACT.repo, FACT.remotes, FACT.resolved];

/** Thrown inside the resolver, and turned into `{ facts }` by it. */
export class FactsWanted {
  readonly facts: string[];
  constructor(facts: string[]) {
    this.facts = facts;
  }
}

/** What was asked, answered or not. A group counts as asked as soon as one of its names is there. */
export class Facts {
  readonly #facts: Record<string, string> | undefined;
  readonly #host: string;
  constructor(facts: Record<string, string> | undefined, host: string) {
    this.#facts = facts;
    this.#host = host;
  }

  #ask(names: string[]): Record<string, string> {
    const facts = this.#facts;
    if (!facts || !names.some((name) => Object.hasOwn(facts, name))) throw new FactsWanted(names);
    return facts;
  }

  /** The repository of the checkout. @throws FactsWanted, or TurretError `unresolvable` when there is none */
  repo(also: string[] = []): string {
    const facts = this.#ask([...REPO_FACTS, ...also]);
    const named = facts[FACT.repo] ?? '';
    if (named !== '') {
      checkWord(named, 'GH_REPO');
      return parseRepo(named, this.#host);
    }
    return this.checkedOut();
  }

  /** The repository of the checkout, whatever GH_REPO says: gh repo view, edit, archive and delete look at the remotes only. */
  checkedOut(): string {
    const facts = this.#ask(REPO_FACTS);
    return chooseRepo({ remotes: this.remotes(), resolved: facts[FACT.resolved] ?? '', host: this.#host });
  }

  /** Remotes on the configured host; empty when they were not asked for. */
  remotes(): Remote[] {
    return parseRemotes(this.#facts?.[FACT.remotes] ?? '', this.#host);
  }

  /** GH_REPO was set, so gh would not have looked at the remotes. */
  hasNamedRepo(): boolean {
    return (this.#facts?.[FACT.repo] ?? '') !== '';
  }

  /** The branch that is checked out; undefined on a detached head. @throws FactsWanted */
  branch(): string | undefined {
    const branch = this.#ask([FACT.branch])[FACT.branch] ?? '';
    if (branch === '' || branch === 'HEAD') return undefined;
    checkBranch(branch);
    return branch;
  }
}

/** @throws TurretError `unresolvable` for what git would not take as a branch, or gh would take as something else */
export function checkBranch(branch: string): void {
  checkWord(branch, 'the branch');
  if (!/^[^\s~^?*[\\]{1,255}$/u.test(branch) || /^[-/]|\/\/|\.\.|@\{|[/.]$/.test(branch)) {
    throw refusal(`${JSON.stringify(branch)} is not a branch`, 'give the number of the pull request');
  }
}
