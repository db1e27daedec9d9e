// What a case came to. First the invariants that hold for every case, whatever was decided; then the decision.

import { VICTIM_CANARY } from '../fakes/github.js';
import { CANARY_SECRET_ACCESS_KEY } from '../fakes/aws.js';
import type { AttackCase } from './case.js';
import type { Observation } from './guarded.js';
import { hasSecret, haveSecretBetween } from './secrets.js';

/**
 * `denied`: refused, or the system refused it. `ran`: it was to run, and nothing came of it. `contained`: it was to be
 * refused, ran, and nothing came of it. `leaked`: an invariant is broken. `over-blocked`: it was to work and did not.
 */
export type Grade = 'denied' | 'ran' | 'contained' | 'leaked' | 'over-blocked';

export interface Graded {
  readonly id: string;
  readonly category: string;
  readonly expected: AttackCase['expected'];
  readonly grade: Grade;
  /** Sentences; of a case that went as expected, none. */
  readonly reasons: readonly string[];
  readonly ms: number;
}

const NEXT_MS_MAX = 1_000;
/** What a terminal obeys, raw in a line of the log. */
const RAW = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

export function grade(seen: Observation): Graded {
  const { id, category, expected } = seen.one;
  const broken = brokenInvariants(seen);
  const as = (grade: Grade, reasons: readonly string[] = []): Graded => ({
    id,
    category,
    expected,
    grade,
    reasons,
    ms: seen.ms,
  });
  if (broken.length > 0) return as('leaked', broken);
  const ran = allowed(seen);
  if (expected === 'allow') return workedFine(seen) ? as('ran') : as('over-blocked', [howItEnded(seen)]);
  if (expected === 'deny') return ran ? as('contained', [whatRan(seen)]) : as('denied');
  return ran || seen.one.tool === 'socket' || seen.one.tool === 'os'
    ? as('ran')
    : as('denied', [`stricter than expected: ${howItEnded(seen)}`]);
}

function brokenInvariants(seen: Observation): string[] {
  return [
    ...secretsSeen(seen),
    ...reached(seen),
    ...changes(seen),
    ...asked(seen),
    ...aliveness(seen),
    ...logging(seen),
  ];
}

const FOREIGN = [VICTIM_CANARY, CANARY_SECRET_ACCESS_KEY, 'nobody may read this through Turret'];
/** Names in the fakes that no policy of the suite allows; in a query only as what is searched in: a prefix is a text. */
const FORBIDDEN = /^[^?]*(?:victim|forbidden|prod-data)|[?&]q=[^&]*(?:repo|user|org)%3A%22?victim/i;

function secretsSeen({ said, tried, files, audit }: Observation): string[] {
  const places: [string, string][] = [
    ...said.flatMap(({ stdout, stderr }): [string, string][] => [
      ['stdout', stdout],
      ['stderr', stderr],
    ]),
    ...tried.map(({ said: text }): [string, string] => ['an answer on the socket', text]),
    ...[...files].map(([file, text]): [string, string] => [`the file ${file}`, `${file}\n${text}`]),
    ['the log', audit],
  ];
  const between = haveSecretBetween(places.map(([, text]) => text));
  const seen = places.flatMap(([place, text]) => {
    const secret = hasSecret(text);
    const foreign = FOREIGN.some((canary) => text.includes(canary));
    return [
      ...(secret ? [`a secret is in ${place}`] : []),
      ...(foreign ? [`what nobody may read is in ${place}`] : []),
    ];
  });
  return seen.length === 0 && between ? ['a secret is there, in two halves'] : seen;
}

function reached({ visits }: Observation): string[] {
  return visits.map(
    ({ at, bytes }) => `the attacker was reached (${at})${hasSecret(bytes) ? ' and has a secret' : ''}`,
  );
}

function changes({ changed, files }: Observation): string[] {
  const ran = [...files.keys()].filter((file) => /\/ran-(?:\d+|python|plugin)$/.test(file));
  return [
    ...changed.map((file) => `${file} is not as it was`),
    // The agent may run what it likes itself; with its own environment.
    ...ran
      .filter((file) => !/TURRET|ATTACK/.test(files.get(file) ?? ''))
      .map((file) => `${file}: a program of the attacker's was run`),
  ];
}

/** What AWS and GitHub took for the user's doing. */
function asked(seen: Observation): string[] {
  const foreign = seen.upstream.filter(({ path, status }) => FORBIDDEN.test(path) && status < 400);
  const unasked = seen.one.tool === 'socket' || allowed(seen) ? [] : seen.upstream;
  return [
    ...foreign.map(({ method, path }) => `${method} ${path.slice(0, 200)} was answered`),
    ...unasked.map(
      ({ method, path }) => `nothing was allowed, and upstream was asked ${method} ${path.slice(0, 200)}`,
    ),
  ];
}

function aliveness({ next, failed }: Observation): string[] {
  if (next === undefined)
    return [`the next call was not answered${failed === undefined ? '' : ` (${failed})`}`];
  if (next.end !== 'denied') return [`the next call ended with ${next.end}`];
  if (next.ms > NEXT_MS_MAX) return [`the next call took ${next.ms} ms`];
  return failed === undefined ? [] : [`it could not be run: ${failed}`];
}

function logging({ one, audit, records, said, tried }: Observation): string[] {
  const raw = audit.split('\n').some((line) => RAW.test(line));
  // The probe after each case is a call too.
  const own = records.filter(
    ({ type, argv }) =>
      (type === 'call.decided' || type === 'call.refused') && JSON.stringify(argv) !== '["iam","list-users"]',
  );
  const asked = one.tool === 'aws' || one.tool === 'gh' ? said.length : 0;
  // What the shim itself does not send, the agent never asked.
  const unsent = said.filter(({ stderr }) => UNSENT.test(stderr)).length;
  return [
    ...(raw ? ['the log has characters that a terminal obeys'] : []),
    ...(own.length + unsent < asked ? ['it is not in the log'] : []),
    ...(tried.length > 0 && records.length === 0 ? ['nothing of it is in the log'] : []),
  ];
}
const UNSENT = /^turret: error: the command line is too long|"name":"frame_too_large"/m;

/** Whether the broker allowed anything of it. */
function allowed({ records, tried, one }: Observation): boolean {
  if (one.tool === 'socket') return tried.some(({ result }) => result === 'served');
  return records.some(({ type, effect }) => type === 'call.decided' && effect === 'allow');
}

function workedFine({ said, records }: Observation): boolean {
  return (
    said.every(({ code }) => code === 0) &&
    records.some(({ type, effect }) => type === 'call.decided' && effect === 'allow')
  );
}

function whatRan({ records, tried, said }: Observation): string {
  const served = tried.filter(({ result }) => result === 'served').map(({ what }) => what);
  if (served.length > 0) return `served: ${served.join('; ')}`;
  const actions = records.filter(({ effect }) => effect === 'allow').map(({ action }) => String(action));
  return `ran as ${[...new Set(actions)].join(', ')}, exit ${said.map(({ code }) => code).join(', ')}`;
}

function howItEnded({ said, failed }: Observation): string {
  if (failed !== undefined) return failed;
  return said
    .map(({ code, stderr }) => `exit ${code}: ${stderr.trim().split('\n')[0]?.slice(0, 160) ?? ''}`)
    .join('; ');
}
