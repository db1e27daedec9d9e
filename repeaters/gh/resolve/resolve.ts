// A command line for gh becomes a capability, a question, or a refusal. Nothing here touches a file, the network or
// the clock.

import type {
  ActionCall,
  AgentCall,
  Params,
  ResolveResult,
  ToolCall,
} from '../../../src/protocol/messages.js';
import type { GhContext } from '../types.js';
import { annotate } from './annotations.js';
import { resolveApi } from './api.js';
import { argvOf } from './argv.js';
import { resolveCommand } from './command.js';
import { Facts, FactsWanted } from './facts.js';
import { refusal } from './refusal.js';
import { checkSize, checkWord } from './words.js';

const GROUPS: Record<string, string> = {
  cs: 'codespace',
  ext: 'extension',
  extensions: 'extension',
  rs: 'ruleset',
  at: 'attestation',
};
const CREATED_AS_NEW: ReadonlySet<string> = new Set(['gist', 'issue', 'pr', 'release', 'repo']);
const REMOVED: ReadonlySet<string> = new Set(['secret', 'variable']);

/**
 * What would this call be? `turret call` gives an action and params; they become words and go the same way, so that
 * nothing can be asked for by name that could not be typed.
 * @throws TurretError `unresolvable` with a hint
 */
export function resolveGh(call: AgentCall, context: GhContext): ResolveResult {
  try {
    return 'action' in call ? resolveAction(call, context) : resolveWords(call, context);
  } catch (wanted) {
    if (wanted instanceof FactsWanted) return { facts: wanted.facts };
    throw wanted;
  }
}

function resolveAction(call: ActionCall, context: GhContext): ResolveResult {
  const { argv, facts } = argvOf({ action: call.action, params: call.params }, context);
  const { cwd = '/', facts: given } = call;
  const known = facts || given ? { facts: { ...facts, ...given } } : {};
  const result = resolveWords({ tool: 'gh', argv, cwd, ...known }, context);
  if ('capabilities' in result && result.capabilities[0]?.action !== call.action) {
    throw refusal(
      `these params are ${result.capabilities[0]?.action ?? 'nothing'}`,
      'ask for that action by its name',
    );
  }
  return result;
}

function resolveWords({ argv, cwd, facts }: ToolCall, context: GhContext): ResolveResult {
  checkSize(argv);
  const local = resolveLocal(argv, context);
  if (local) return local;
  const { name, words } = findCommand(argv, context);
  const command = context.table.commands[name];
  if (!command) throw refusal(`gh ${name} is not known here`, 'run gh help for the commands');
  if (command.refuse !== undefined) throw refusal(`gh ${name} is not available`, command.refuse);
  const around = { context, cwd, facts: new Facts(facts, context.host) };
  if (command.class === 'api') return resolveApi(command, words, around);
  if (command.class === 'unknown' || command.class === 'credential' || command.class === 'local') {
    throw refusal(`gh ${name} is not available`, 'use gh api for what it does');
  }
  return resolveCommand({ name, command, words }, around);
}

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);

/** `gh version`, `gh help …`, `gh … --help`, and a group by itself: no credential and no network. */
function resolveLocal(argv: readonly string[], { name, table }: GhContext): ResolveResult | undefined {
  const annotations = annotate('local');
  const needs = { stdin: false, files: [] };
  const [first, ...rest] = argv;
  if ((first === 'version' || first === '--version') && rest.length === 0) {
    const params: Params = first === 'version' ? {} : { command: '--version' };
    return { capabilities: [{ action: `${name}.cli.version`, params, annotations }], needs };
  }
  const asked = first === 'help' || HELP.has(argv.at(-1) ?? '');
  const bare = argv.length === 0 || (argv.length <= 2 && Object.hasOwn(table.groups, argv.join(' ')));
  if (!asked && !bare) return undefined;
  const topic = first === 'help' ? rest : asked ? argv.slice(0, -1) : [...argv];
  for (const word of topic) {
    checkWord(word, 'the topic');
    if (!/^[a-z][a-z-]{0,40}$/.test(word))
      throw refusal(`${JSON.stringify(word)} is no topic`, 'run gh help for the topics');
  }
  const params: Params = { topic };
  if (first === 'help') params['command'] = 'help';
  else if (!asked) params['command'] = 'group';
  return { capabilities: [{ action: `${name}.cli.help`, params, annotations }], needs };
}

/** The longest command that the first words are, aliases folded. */
function findCommand(argv: readonly string[], { table }: GhContext): { name: string; words: string[] } {
  const [first = '', second = '', third = ''] = argv;
  if (first.startsWith('-'))
    throw refusal('a flag stands before the command', 'type gh <group> <command> first');
  const group = Object.hasOwn(GROUPS, first) ? (GROUPS[first] ?? '') : first;
  for (const words of [[group, second, third], [group, second], [group]]) {
    const name = [...words.slice(0, -1), foldAlias(words)].join(' ');
    if (words.every((word) => word !== '') && Object.hasOwn(table.commands, name)) {
      return { name, words: argv.slice(words.length) };
    }
  }
  const shown = JSON.stringify(Object.hasOwn(table.groups, group) ? `${first} ${second}` : first);
  throw refusal(
    `gh has no command ${shown}`,
    'type a command that gh help lists; aliases and extensions do not exist here',
  );
}

function foldAlias(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  if (words.length < 2) return last;
  const group = words[0] ?? '';
  if (last === 'ls') return 'list';
  if (last === 'new' && words.length === 2 && CREATED_AS_NEW.has(group)) return 'create';
  if (last === 'remove' && words.length === 2 && REMOVED.has(group)) return 'delete';
  return last;
}
