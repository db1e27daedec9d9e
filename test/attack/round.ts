// Every case at one level of isolation with one aws, in a few sessions at a time; or the controls. Runs on the stage, as its
// first process.

import { readFileSync } from 'node:fs';

import { startBare } from './bare.js';
import type { AttackCase } from './case.js';
import { control, type Controlled, CONTROLLED_INSIDE } from './controls.js';
import { type Graded, grade } from './grade.js';
import { runGuarded, type Observation } from './guarded.js';
import { ATTACKER_PORTS, ATTACKER_SOCKET } from './layout.js';
import type { Attacker } from './listener.js';
import type { TruePlaces } from './os-commands.js';
import { GuardedSession, type SessionOptions } from './session.js';
import type { SocketWorld } from './socket-world.js';
import { startUpstream, type Upstream } from './upstream.js';
import { verifyLog } from './verify-log.js';

export interface RoundOptions {
  readonly isolation: string;
  readonly cli: string;
  readonly version: string;
  readonly cases: readonly AttackCase[];
  /** All there are, for the controls. */
  readonly corpus: readonly AttackCase[];
  /** Also those that are tried in the session itself. */
  readonly withControls: boolean;
  readonly asUser: boolean;
  /** Whose the workspace is: the agent's user, when that is not ours. */
  readonly owner: number | undefined;
  readonly verbose: boolean;
}

export type Progress =
  | { readonly graded: Graded }
  | { readonly controlled: Controlled }
  | { readonly verified: string };

/** One more than most machines have processors: some cases wait. */
const LANES = 3;

export async function runRound(
  options: RoundOptions,
  attacker: Attacker,
  tell: (progress: Progress) => void,
): Promise<void> {
  const policyOf = ({ policy = 'p0' }: AttackCase): string => policy;
  for (const policy of new Set(options.cases.map(policyOf))) {
    const cases = options.cases.filter((one) => policyOf(one) === policy);
    await runUnder(policy, { ...options, cases }, attacker, tell);
  }
}

async function runUnder(
  policy: string,
  options: RoundOptions,
  attacker: Attacker,
  tell: (progress: Progress) => void,
): Promise<void> {
  const lanes: Lane[] = [];
  const opening = Array.from({ length: LANES }, (_, at) =>
    Lane.open(at + 1, { ...options, policy }, attacker, lanes),
  );
  lanes.push(...(await Promise.all(opening)));
  const [first] = lanes;
  if (first === undefined) throw new Error('no lane');
  for (const category of new Set(options.cases.map((one) => one.category)))
    if (options.withControls && CONTROLLED_INSIDE.has(category))
      tell({ controlled: await first.control(category) });
  // One that touches HOME, or may find the attacker's socket, is alone: what happens there meanwhile is its doing.
  const isAlone = (one: AttackCase): boolean =>
    touchesHome(one, options.isolation) || one.argv.some((word) => word.includes(ATTACKER_SOCKET));
  // Those that take long, of the words of a shell, first: the others then fill the lanes to the end.
  const together = options.cases
    .filter((one) => !isAlone(one))
    .toSorted((one, two) => weight(two) - weight(one));
  for (const one of options.cases.filter(isAlone)) tell({ graded: await first.run(one) });
  await Promise.all(
    lanes.map(async (lane) => {
      for (let one = together.shift(); one !== undefined; one = together.shift())
        tell({ graded: await lane.run(one) });
    }),
  );
  for (const lane of lanes) for (const line of await lane.close()) tell({ verified: line });
}

const weight = ({ tool, setup, argv }: AttackCase): number =>
  setup !== undefined
    ? 3
    : tool === 'os' && /\b(?:aws|gh)\b/.test(argv[2] ?? '')
      ? 2
      : tool === 'socket'
        ? 1
        : 0;

const touchesHome = ({ files = {}, tool }: AttackCase, isolation: string): boolean =>
  Object.keys(files).some((name) => name.startsWith('~/')) || (tool === 'os' && isolation === 'none');

/** The controls of the cases' categories, on a stage of their own: they change what is there. */
export async function runControls(
  options: RoundOptions,
  attacker: Attacker,
  tell: (progress: Progress) => void,
): Promise<void> {
  const { cli, version, asUser, corpus: cases } = options;
  const bare = await startBare({ cli, asUser });
  try {
    for (const category of new Set(options.cases.map((one) => one.category))) {
      const controlled = await control(category, { bare, attacker, cases, version, asUser });
      if (controlled !== undefined) tell({ controlled });
    }
  } finally {
    await bare.close();
  }
}

type LaneOptions = RoundOptions & { readonly policy: string };

/** One session after the other, each until an attack has ended it. */
class Lane {
  readonly #number: number;
  readonly #options: LaneOptions;
  readonly #attacker: Attacker;
  readonly #upstream: Upstream;
  readonly #all: readonly Lane[];
  #session: GuardedSession;
  readonly #logs: string[] = [];

  private constructor(
    number: number,
    options: LaneOptions,
    attacker: Attacker,
    upstream: Upstream,
    all: readonly Lane[],
  ) {
    this.#number = number;
    this.#options = options;
    this.#attacker = attacker;
    this.#upstream = upstream;
    this.#all = all;
    this.#session = this.#start();
  }

  static async open(
    number: number,
    options: LaneOptions,
    attacker: Attacker,
    all: readonly Lane[],
  ): Promise<Lane> {
    const lane = new Lane(number, options, attacker, await startUpstream(), all);
    await lane.#ready();
    return lane;
  }

  #start(): GuardedSession {
    const { isolation, cli, asUser, owner, policy } = this.#options;
    const endpoints = { aws: this.#upstream.aws.url, gh: this.#upstream.github.url };
    const session: SessionOptions = { isolation, cli, endpoints, lane: this.#number, asUser, owner, policy };
    return new GuardedSession(session);
  }

  async #ready(): Promise<void> {
    const { stdout } = await this.#session.run(['@honest']);
    if (!/"denied"/.test(stdout.toString()))
      throw new Error(`the session does not serve: ${stdout.toString()}${this.#session.said}`);
    this.#logs.push(this.#session.auditFile());
  }

  /** The driver that sends the bytes of attacks sends those of an honest call, and they are served. */
  async control(category: string): Promise<Controlled> {
    const request = { tool: 'aws', argv: ['sts', 'get-caller-identity'], cwd: '/', facts: {} };
    const { stdout } = await this.#session.run(['@call', JSON.stringify(request)]);
    const served = (JSON.parse(stdout.toString()) as { ok?: boolean }).ok === true;
    const claim = 'an honest call by the same driver is served';
    return {
      category,
      id: 'benign-008',
      claim,
      result: served ? 'worked' : 'failed',
      note: served ? '' : stdout.toString(),
    };
  }

  async run(one: AttackCase): Promise<Graded> {
    const seen = await runGuarded(one, {
      session: this.#session,
      upstream: this.#upstream,
      attacker: this.#attacker,
      owner: this.#options.owner,
      places: () => this.#places(),
      other: () => this.#other(),
    });
    if (this.#options.verbose) process.stderr.write(`${JSON.stringify(shown(seen), undefined, 1)}\n`);
    if (seen.next === undefined || seen.next.end !== 'denied') {
      await this.#session.close();
      this.#session = this.#start();
      await this.#ready();
    }
    return grade(seen);
  }

  #places(): TruePlaces {
    const { config } = this.#session;
    const own = new URL(this.#upstream.aws.url).port;
    const listening = listeningPorts().filter(
      (port) =>
        !(ATTACKER_PORTS as readonly number[]).includes(port) &&
        port !== Number(own) &&
        port !== Number(new URL(this.#upstream.github.url).port),
    );
    const socket = '/run/turret/*.sock /run/user/*/turret/*/agent/*.sock';
    return { config, audit: this.#session.auditFile(), socket, cli: this.#options.cli, ports: listening };
  }

  async #other(): Promise<SocketWorld['other']> {
    const other = this.#all.find((lane) => lane !== this);
    if (other === undefined) return undefined;
    const { stdout } = await other.#session.run(['@token']);
    const { token, address } = JSON.parse(stdout.toString()) as SocketWorld;
    return { token, address, workspace: other.#session.workspace };
  }

  /** @returns one line a log: whether it is what was written */
  async close(): Promise<string[]> {
    const how = await this.#session.close();
    await this.#upstream.close();
    const verdicts = this.#logs.map((file) =>
      verifyLog(file, { lane: this.#number, asUser: this.#options.asUser }),
    );
    return [
      ...verdicts,
      ...(how === 'killed' ? [`FAILED: session ${this.#number} did not end by itself`] : []),
    ];
  }
}

/** Of 127.0.0.1, as the kernel lists them. */
function listeningPorts(): number[] {
  const LISTEN = '0A';
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.at(3) === LISTEN)
    .flatMap((words) => {
      const [address, port = ''] = (words.at(1) ?? '').split(':');
      return address === '0100007F' ? [Number.parseInt(port, 16)] : [];
    });
}

const shown = (seen: Observation): object => ({
  ...seen,
  one: seen.one.id,
  said: seen.said.map(({ code, stdout, stderr }) => ({
    code,
    stdout: stdout.slice(0, 2000),
    stderr: stderr.slice(0, 2000),
  })),
  files: [...seen.files.keys()],
  audit: seen.audit.slice(0, 6000),
  records: undefined,
});
