#!/usr/bin/env node
// Writes repeaters/gh/tables/<gh version>.json: every subcommand of the installed gh with its flags, as gh's own help
// prints them, joined with tables/classes.json, where people say what a subcommand does. A command that classes.json
// does not know gets class "unknown" and is refused when it is used.
//
//   node scripts/gh-tables.mjs [path of gh]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const gh = process.argv[2] ?? '/usr/bin/gh';
const tables = fileURLToPath(new URL('../repeaters/gh/tables/', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'gh-tables-'));
const help = (...words) =>
  execFileSync(gh, [...words, '--help'], {
    encoding: 'utf8',
    env: { HOME: home, GH_CONFIG_DIR: home, PATH: home, NO_COLOR: '1', GH_NO_UPDATE_NOTIFIER: '1' },
  });

// gh prints capital headings at the left edge and indents what belongs to them.
const section = (text, title) => {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => title.test(line));
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^[A-Z]/.test(line));
  return end < 0 ? rest : rest.slice(0, end);
};
const sections = (text, title) => {
  const found = [];
  for (const line of text.split('\n'))
    if (/^[A-Z]/.test(line) && title.test(line)) found.push(...section(text, new RegExp(`^${line}$`)));
  return found;
};

const FLAG = /^\s+(?:-(\S), )?--([a-z0-9-]+)(?: (\S+(?: \S+)?))?(?:\s{2,}.*)?$/;
const LISTS = { strings: 'csv', stringArray: 'array', fields: 'csv' };
function flagsOf(text, known) {
  const flags = {};
  for (const line of [...section(text, /^FLAGS$/), ...section(text, /^INHERITED FLAGS$/)]) {
    const match = FLAG.exec(line);
    if (!match || match[2] === 'help') continue;
    const [, short, long, word] = match;
    const flag = {
      type:
        word === undefined
          ? 'bool'
          : (known?.lists?.[long] ?? LISTS[word] ?? (word === 'int' ? 'int' : 'string')),
    };
    if (short) flag.short = short;
    const use = known?.files?.[long];
    if (use) flag.file = use;
    const refuse = known?.refuse_flags?.[long];
    if (refuse) flag.refuse = refuse;
    flags[long] = flag;
  }
  return flags;
}

const classes = JSON.parse(readFileSync(join(tables, 'classes.json'), 'utf8'));
const commands = {};
const groups = {};
function walk(words) {
  // What is refused needs no flags, and `extension exec --help` would already look for the extension.
  if (classes[words.join(' ')]?.refuse) {
    const { class: kind, refuse } = classes[words.join(' ')];
    commands[words.join(' ')] = { class: kind, refuse, flags: {} };
    return;
  }
  const text = help(...words);
  const below = sections(text, /COMMANDS$/)
    .map((line) => /^\s+([a-z0-9-]+):/.exec(line)?.[1])
    .filter((word) => word !== undefined);
  const name = words.join(' ');
  if (below.length > 0) {
    if (name) groups[name] = below;
    for (const word of below) walk([...words, word]);
  }
  // `codespace ports` is a group and a command; a group without flags of its own is not a command.
  if (below.length > 0 && !classes[name]) return;
  if (name === '') return;
  const known = classes[name];
  const { lists: _l, files: _f, refuse_flags: _r, ...rest } = known ?? { class: 'unknown' };
  commands[name] = { ...rest, flags: flagsOf(text, known) };
}

try {
  walk([]);
  const version = /gh version (\d+\.\d+\.\d+)/.exec(
    execFileSync(gh, ['--version'], { encoding: 'utf8', env: { HOME: home, GH_CONFIG_DIR: home } }),
  )[1];
  const rows = Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(
    join(tables, `${version}.json`),
    `{\n"version": ${JSON.stringify(version)},\n"groups": ${JSON.stringify(groups)},\n"commands": {\n${rows.map(([name, row]) => `${JSON.stringify(name)}: ${JSON.stringify(row)}`).join(',\n')}\n}\n}\n`,
  );
  const unknown = rows.filter(([, row]) => row.class === 'unknown').map(([name]) => name);
  console.log(
    `gh ${version}: ${rows.length} commands, ${unknown.length} without a class${unknown.length ? `: ${unknown.join(', ')}` : ''}`,
  );
} finally {
  rmSync(home, { recursive: true });
}
