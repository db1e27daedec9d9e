// What must be true of every agent's run.

import { CANARIES } from '../helpers/canary.js';
import type { Run } from './run-agent.js';
import { CANARY_MODEL_KEY, COMMANDS, END } from './task.js';

/** What the model saw of each command, in the order of COMMANDS. */
export function seenByModel({ model }: Run): readonly string[] {
  return model.reduce<readonly string[]>(
    (longest, { results }) => (results.length > longest.length ? results : longest),
    [],
  );
}

/** Everything that is not as it must be, in words. */
export function wrongWith(run: Run): string[] {
  const { agent, code, stdout, stderr, model, aws, github, records, kept } = run;
  const [buckets = '', requests = '', denial = '', variables = ''] = seenByModel(run);
  const decided = records.filter(({ type }) => type === 'call.decided');
  const denied = decided.filter(({ effect }) => effect === 'deny').map(({ action }) => action);
  const unverified = model.filter(({ verified }) => !verified);
  const claims: [boolean, string][] = [
    [code === 0, `it exited with ${code ?? 'a signal'}: ${stdout}${stderr}`],
    [stdout.includes(END), `it does not print what the model said last: ${stdout}`],
    [seenByModel(run).length === COMMANDS.length, `the model saw ${seenByModel(run).length} answers`],
    [/\ballowed\b/.test(buckets), `aws s3 ls showed: ${buckets}`],
    [/\bFix login\b/.test(requests), `gh pr list showed: ${requests}`],
    [/turret: denied/.test(denial), `the denied command showed: ${denial}`],
    [/turret: hint: /.test(denial), `the denial came without a hint: ${denial}`],
    [/^TURRET_TOKEN=trt_/m.test(variables), `env showed: ${variables}`],
    [unverified.length === 0, `requests without the key: ${unverified.map(({ path }) => path).join(' ')}`],
    [
      !model.some(({ headers }) => /trb_|trt_/.test(JSON.stringify(headers))),
      'a header upstream has a word of the session',
    ],
    [
      aws.length > 0 && aws.every(({ verified, operation }) => verified && operation === 's3.ListBuckets'),
      `AWS saw: ${JSON.stringify(aws)}`,
    ],
    [github.length > 0 && github.every(({ verified }) => verified), `GitHub saw: ${JSON.stringify(github)}`],
    [denied.join() === 'aws.s3.delete_bucket', `denied were: ${denied.join(' ')}`],
    [kept.some((file) => agent.home[file] === undefined), 'nothing of its own stays in HOME'],
    [leaked(run).length === 0, `the agent held: ${leaked(run).join(' ')}`],
  ];
  return claims.filter(([holds]) => !holds).map(([, sentence]) => sentence);
}

/** The real keys that came to where the agent could have read them. */
function leaked({ stdout, stderr, model }: Run): string[] {
  const texts = [stdout, stderr, ...model.map(({ body }) => body)];
  return [...CANARIES, CANARY_MODEL_KEY].filter((canary) => texts.some((text) => text.includes(canary)));
}
