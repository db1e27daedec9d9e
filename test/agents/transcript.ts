// A run as its user and its model saw it, for docs/agents.md: without words of the session and places of this machine.

import path from 'node:path';

import { seenByModel } from './judge.js';
import type { Run } from './run-agent.js';
import { COMMANDS, END, SHOWS } from './task.js';

const LINES_MAX = 8;

export function transcriptOf(run: Run): string {
  const { agent, stdout, stderr, code, home } = run;
  const answers = seenByModel(run);
  const lines = [
    `$ turret run -- ${[agent.command, ...agent.headless].map(quoted).join(' ')}`,
    ...said(stderr, (line) => line.startsWith('turret: isolation ')),
    ...COMMANDS.flatMap((command, at) => [
      `  model> ${agent.shell}: ${command}`,
      ...shortened(command === SHOWS ? held(answers[at] ?? '') : (answers[at] ?? '').trim()).map(
        (line) => `       | ${line}`,
      ),
    ]),
    `  model> ${END}`,
    ...said(stdout, (line) => line.includes(END)),
    ...said(stderr, isAfterwards),
    `$ echo $?\n${code ?? '(killed)'}`,
  ];
  return cleaned(lines.join('\n'), home);
}

const isAfterwards = (line: string): boolean => /^turret: (?:the agent |\d+ calls |turret audit )/.test(line);

const said = (text: string, isWanted: (line: string) => boolean): string[] =>
  text.split('\n').filter(isWanted);

const quoted = (word: string): string => (/^[\w@./:=-]+$/.test(word) ? word : `'${word}'`);

function shortened(text: string): string[] {
  const lines = text.split('\n');
  return lines.length <= LINES_MAX
    ? lines
    : [...lines.slice(0, LINES_MAX), `… ${lines.length - LINES_MAX} lines more`];
}

/** The names of the variables an agent has that could hold a key, with what Turret put there. */
function held(text: string): string {
  return text
    .split('\n')
    .filter((line) => /^[A-Z_]*(?:KEY|TOKEN|BASE_URL)[A-Z_]*=/.test(line))
    .toSorted()
    .join('\n');
}

/** Without words that open something, though nothing any more, and without this machine. */
export function cleaned(text: string, home: string): string {
  return text
    .replaceAll(home, '~')
    .replaceAll(path.resolve('.'), '…')
    .replace(/\btr([bt])_[0-9A-Za-z]+/g, 'tr$1_…')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/(TCP only to port [\d, ]*?)\d{4,5}/g, '$1PORT')
    .replace(/after \d[\d.]* (?:ms|s)/g, 'after … s')
    .replace(/turret audit [0-9a-f]{8}/g, 'turret audit 0123abcd');
}
