// kill -9, of whom and when: what must come of it, row by row. What really came of it is in docs/faults.md.

export const VICTIMS = ['supervisor', 'broker', 'repeater', 'program', 'agent', 'shim', 'sandbox'] as const;
export type Victim = (typeof VICTIMS)[number];

/**
 * `deciding`: the repeater is asked what the call would be · `queued`: recorded, and waits for its turn · `decided`: recorded,
 * and the repeater was told, but its program does not run yet · `streaming`: more than a window of output has come ·
 * `ending`: the program has ended, its END is not sent · `closing`: the agent has ended, the session is being closed, and
 * a call of the agent's still runs.
 */
export const MOMENTS = ['deciding', 'queued', 'decided', 'streaming', 'ending', 'closing'] as const;
export type Moment = (typeof MOMENTS)[number];

/** What the log says became of the held call. `no end`: allowed, and verify lists its outcome as unknown. */
export type Fate = 'refused' | 'done' | 'failed' | 'unknown' | 'no end';

export interface Expected {
  /** How `turret run` ends. */
  run: number | 'SIGKILL';
  /** Exit codes the agent sees: of the held call, of the next one like it, of one to another repeater. None when it was killed, too. */
  held?: number;
  again?: number;
  other?: number;
  fate: Fate | undefined;
  /** Or this: which of two processes that die together is seen first is chance. */
  orFate?: Fate;
  /** Reason of the log's last record; undefined when it has none. */
  end: string | undefined;
}

export interface Row {
  isolation: 'namespaced' | 'none';
  victim: Victim;
  moment: Moment;
  /** There is no such process at this moment; the call goes on and nothing was lost. */
  absent: boolean;
  expected: Expected;
}

const AGENT_EXIT = 5;
const EXITED = 'the agent exited';
const goesOn = { run: AGENT_EXIT, again: 0, other: 0, end: EXITED };
const endsAll = { run: 137, end: EXITED };

/** What a call came to that was cut before its END. */
function cut(moment: Moment): Fate {
  if (moment === 'deciding') return 'refused';
  return moment === 'queued' ? 'failed' : 'unknown';
}

/** All of them die, also the call or the repeater this one waits for: its turn may come in between. */
function cutWithAll(moment: Moment): Pick<Expected, 'fate' | 'orFate'> {
  return { fate: cut(moment), ...(moment === 'queued' ? { orFate: 'unknown' } : {}) };
}

const EXPECTED: Record<Victim, (moment: Moment) => Expected> = {
  supervisor: (moment) => ({
    run: 'SIGKILL',
    ...cutWithAll(moment),
    end: moment === 'closing' ? EXITED : 'the supervisor died',
  }),
  broker: (moment) => ({
    run: AGENT_EXIT,
    held: 125,
    again: 125,
    other: 125,
    fate: moment === 'deciding' ? undefined : 'no end',
    end: undefined,
  }),
  repeater: (moment) => ({ ...goesOn, held: 125, fate: cut(moment) }),
  program: (moment) =>
    moment === 'streaming' ? { ...goesOn, held: 137, fate: 'failed' } : { ...goesOn, held: 0, fate: 'done' },
  agent: (moment) => ({ ...endsAll, ...cutWithAll(moment) }),
  shim: (moment) => ({ ...goesOn, held: 137, fate: cut(moment) }),
  sandbox: (moment) => ({ ...endsAll, ...cutWithAll(moment) }),
};

/** The agent has ended by then: nobody is left to see a code. */
function closing(victim: Victim): Expected {
  const { run, fate, end } = EXPECTED[victim]('closing');
  return victim === 'program' ? { run, fate: 'unknown', orFate: 'failed', end } : { run, fate, end };
}

function rowOf(isolation: Row['isolation'], victim: Victim, moment: Moment): Row {
  const expected = moment === 'closing' ? closing(victim) : EXPECTED[victim](moment);
  const absent = victim === 'program' && moment !== 'streaming' && moment !== 'closing';
  return { isolation, victim, moment, absent, expected };
}

/** Every row there is at a level of isolation. */
export function rowsOf(isolation: Row['isolation']): Row[] {
  return VICTIMS.filter((victim) => victim !== 'sandbox' || isolation === 'namespaced').flatMap((victim) =>
    MOMENTS.filter((moment) => moment !== 'closing' || !['agent', 'shim', 'sandbox'].includes(victim)).map(
      (moment) => rowOf(isolation, victim, moment),
    ),
  );
}

/** The rows in which isolation matters, for tests that run often: who ends the agent's processes. */
export function rowsThatDiffer(): Row[] {
  const victims: readonly Victim[] = ['supervisor', 'broker', 'agent'];
  return rowsOf('none').filter(({ victim }) => victims.includes(victim));
}
