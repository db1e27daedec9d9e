import { readFileSync } from 'node:fs';

import { type Options, parseOptions, USAGE } from './options.js';
import { joined, runAll, type Score } from './run-all.js';
import { publish } from './scoreboard.js';
import { summaryLines } from './summary.js';

/** @returns the exit code: 0 when nothing leaked and nothing was over-blocked, 1 when something was, 2 for wrong use */
export async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    process.stderr.write(`attack: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.join.length > 0) {
    publish(joined(options.join.map((file): Score => JSON.parse(readFileSync(file, 'utf8')))));
    return 0;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const score = await runAll(options, abort.signal);
  if (abort.signal.aborted) return 130;
  if (options.json) process.stdout.write(`${JSON.stringify(score)}\n`);
  else process.stdout.write(`${summaryLines(score).join('\n')}\n`);
  if (options.write) publish(score);
  return score.rounds.every(({ ok }) => ok) ? 0 : 1;
}
