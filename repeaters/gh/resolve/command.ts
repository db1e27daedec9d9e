// One subcommand, from words to a capability.

import type { FileNeed, Needs, Params, ResolveResult } from '../../../src/protocol/messages.js';
import type { GhCommand, GhContext } from '../types.js';
import { actionName, annotate, snake } from './annotations.js';
import type { Facts } from './facts.js';
import { readFields } from './fields.js';
import { parseWords, type ParsedWords } from './grammar.js';
import { carriedPath } from './paths.js';
import { checkSelectedBranch, readPositionals } from './positionals.js';
import { checkJq, checkTemplate } from './programs.js';
import { checkHost, parseRepo } from './repo-name.js';
import { refusal } from './refusal.js';
import { flagsWiden, widensSearch } from './search.js';

export interface Subcommand {
  name: string;
  command: GhCommand;
  words: readonly string[];
}

interface Reading extends Subcommand {
  params: Params;
  facts: Facts;
  context: GhContext;
}

/** How a command says which repository it is about. */
export function repoStyle(command: GhCommand): 'flag' | 'positional' | 'search' | 'filter' | 'none' {
  if (command.repo !== undefined) return command.repo;
  if (command.flags['repo']?.short === 'R') return 'flag';
  return command.positionals?.some(({ name }) => name === 'repo') ? 'positional' : 'none';
}

/**
 * @returns the capability and the files it needs
 * @throws TurretError `unresolvable`; FactsWanted when the checkout must be asked
 */
export function resolveCommand(
  { name, command, words }: Subcommand,
  { context, cwd, facts }: { context: GhContext; cwd: string; facts: Facts },
): ResolveResult {
  const parsed = parseWords(command, name, words);
  const params = readPositionals(command.positionals ?? [], parsed.positionals, { host: context.host, cwd });
  const reading: Reading = { name, command, words, params, facts, context };
  checkOutputFlags(parsed);
  const needs: Needs = { stdin: false, files: [] };
  addFlags(reading, parsed, { cwd, needs });
  const unbounded = addRepo(reading, parsed);
  if (unbounded.length === 0 && namesAnother(reading)) unbounded.push('repo');
  addSurroundings(reading, parsed.flags.has('repo'));
  needs.stdin ||= readsStdin(command, parsed, params);
  const capability = { action: actionName(context.name, name), params, annotations: annotate(command.class) };
  return { capabilities: [unbounded.length > 0 ? { ...capability, unbounded } : capability], needs };
}

function checkOutputFlags({ flags }: ParsedWords): void {
  const [jq, template] = [flags.get('jq'), flags.get('template')];
  if (jq !== undefined && template !== undefined) {
    throw refusal('--jq and --template are both there', 'give one of them');
  }
  if (typeof jq === 'string') checkJq(jq);
  if (typeof template === 'string') checkTemplate(template);
}

function addFlags(
  { command, params, context }: Reading,
  { flags, positionals }: ParsedWords,
  { cwd, needs }: { cwd: string; needs: Needs },
): void {
  const { files } = needs;
  for (const [long, value] of flags) {
    if (long === 'repo') continue;
    if (long === 'hostname') {
      checkHost(String(value), context.host);
      continue;
    }
    const use = command.flags[long]?.file;
    params[snake(long)] = value;
    if (use === 'field') params[snake(long)] = readFields([value].flat().map(String), cwd, needs);
    if (use === undefined || use === 'field' || value === '-' || typeof value !== 'string') continue;
    const path = carriedPath(value, { cwd, what: `--${long}` });
    params[snake(long)] = path;
    files.push({ path, use, tree: use === 'write' && long === 'dir' });
  }
  if (positionals.length > 0) {
    for (const positional of command.positionals ?? []) {
      if (positional.kind !== 'file') continue;
      for (const path of [params[positional.name] ?? []].flat()) {
        if (path !== '-') files.push({ path: String(path), use: 'read', tree: false });
      }
    }
  }
  if (command.class === 'download') addDownload(command, params, files);
}

/** A download lands in one directory, the current one when none is named, or in one file. */
function addDownload({ flags }: GhCommand, params: Params, files: FileNeed[]): void {
  const { output, dir = '.', clobber } = params;
  if (output !== undefined && params['dir'] !== undefined) {
    throw refusal('--dir and --output are both there', 'give one of them');
  }
  if (output === undefined && files.length === 0) files.push({ path: '.', use: 'write', tree: true });
  if (flags['clobber'] === undefined || clobber === true) return;
  // gh does not overwrite, so it must see what is there: the file, the directory, or of the current directory, which may
  // be large, what is directly in it. Whoever owns the release chooses the names.
  if (typeof output === 'string' && output !== '-') files.push({ path: output, use: 'stat', tree: false });
  if (output === undefined) files.push({ path: String(dir), use: 'stat', tree: dir !== '.' });
}

/** Sets `repo`. @returns names of params whose values are not bounded */
function addRepo({ command, params, facts, context }: Reading, { flags }: ParsedWords): string[] {
  const typed = flags.get('repo');
  switch (repoStyle(command)) {
    case 'flag':
      return addFlagRepo({ command, params, facts, context }, typed);
    case 'positional':
      params['repo'] ??= facts.checkedOut();
      return [];
    case 'filter':
      if (typeof typed !== 'string') return ['repo'];
      params['repo'] = parseRepo(typed, context.host);
      return [];
    case 'search': {
      const repos = (Array.isArray(typed) ? typed : []).map((word) => parseRepo(String(word), context.host));
      if (repos.length > 0) params['repo'] = repos.length === 1 ? String(repos[0]) : repos;
      const query = [params['query'] ?? []].flat().join(' ');
      return repos.length === 0 || widensSearch(query) || flagsWiden(command, params) ? ['repo'] : [];
    }
    default:
      return command.class === 'read' ? ['repo'] : [];
  }
}

/** Words that decide instead of `-R`, or beside it: what is done is then not done in that repository alone. */
function namesAnother({ command, params }: Reading): boolean {
  const instead = [
    ...(command.repo_unless ?? []),
    ...(repoStyle(command) === 'filter' ? INSTEAD_OF_FILTER : []),
  ];
  const others = command.positionals?.filter(({ kind, name }) => kind === 'repo' && name !== 'repo') ?? [];
  return (
    instead.some((long) => isGiven(params, long)) ||
    others.some(({ name }) => params[name] !== undefined && params[name] !== params['repo'])
  );
}

/** An empty one is none, as for gh. */
const isGiven = (params: Params, long: string): boolean =>
  ![undefined, false, ''].includes(params[snake(long)] as string | undefined);

/** A codespace by its name, or of somebody else, is taken wherever it is. */
const INSTEAD_OF_FILTER = ['codespace', 'org', 'user'];

function addFlagRepo(
  { command, params, facts, context }: Pick<Reading, 'command' | 'params' | 'facts' | 'context'>,
  typed: unknown,
): string[] {
  if (typeof typed === 'string') {
    if (params['repo'] !== undefined) {
      throw refusal('the address already names a repository', 'leave -R out, or give the number');
    }
    params['repo'] = parseRepo(typed, context.host);
  }
  if (params['repo'] === undefined) {
    if (command.repo_unless?.some((long) => isGiven(params, long))) return ['repo'];
    params['repo'] = facts.repo();
  }
  if (command.search_flags === undefined) return [];
  const searches = command.search_flags.map((long) => params[snake(long)]);
  const wide = searches.some((query) => typeof query === 'string' && widensSearch(query));
  const others = Object.entries(params).filter(([name]) => !command.search_flags?.includes(name));
  return wide || flagsWiden(command, Object.fromEntries(others)) ? ['repo'] : [];
}

/** What gh would read from the checkout, as params. */
function addSurroundings({ name, command, params, facts }: Reading, typedRepo: boolean): void {
  const selects = command.positionals?.some(({ kind }) => kind === 'pull') === true;
  if (selects && params['number'] === undefined && params['branch'] === undefined) {
    const required = command.positionals?.some(({ kind, required }) => kind === 'pull' && required === true);
    if (typedRepo || required === true) throw refusal('the pull request is missing', 'give its number');
    const head = currentHead(facts, String(params['repo']));
    checkSelectedBranch(head);
    params['branch'] = head;
  }
  if (name === 'pr create' && params['head'] === undefined) {
    params['head'] = currentHead(facts, String(params['repo']));
  }
  if (!typedRepo) checkWithoutRepo(name, params);
  if (name === 'pr status' && !typedRepo) {
    const branch = facts.branch();
    // gh does not get further either.
    if (branch === undefined)
      throw refusal('no branch is checked out here', 'give the repository with -R OWNER/REPO');
    params['branch'] = branch;
  }
}

/** What gh leaves undone when -R is not typed. We always type it, and gh would go ahead. */
function checkWithoutRepo(name: string, params: Params): void {
  if (name === 'repo rename' && params['yes'] !== true)
    throw refusal(
      'gh would ask whether to rename this repository',
      'add --yes, or name it with -R OWNER/REPO',
    );
  if (
    name === 'release edit' &&
    Object.keys(params).every((param) => ['repo', 'release_tag'].includes(param))
  )
    throw refusal('there is nothing to edit', 'add a flag, for example --title');
}

/** The branch that is checked out, with the owner of the fork that `origin` is when another remote is the base. */
function currentHead(facts: Facts, repo: string): string {
  const branch = facts.branch();
  if (branch === undefined) throw refusal('no branch is checked out here', 'give the number or the branch');
  const owner = facts.hasNamedRepo()
    ? undefined
    : facts
        .remotes()
        .find(({ name }) => name === 'origin')
        ?.repo.split('/')[0];
  return owner === undefined || owner === repo.split('/')[0] ? branch : `${owner}:${branch}`;
}

function readsStdin(command: GhCommand, { flags, positionals }: ParsedWords, params: Params): boolean {
  const fileFlags = [...flags].filter(
    ([long, value]) => command.flags[long]?.file === 'read' && value === '-',
  );
  if (fileFlags.length > 0 || positionals.includes('-')) return true;
  if (command.stdin_flags?.some((long) => params[snake(long)] === true) === true) return true;
  if (command.stdin === 'no positional') return positionals.length === 0;
  return command.stdin === 'always' && params['env_file'] === undefined;
}
