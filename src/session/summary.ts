import type { SessionSummary } from '../protocol/control.js';
import { say } from '../ui/voice.js';
import type { AgentExit } from './agent.js';

/** Three lines to stderr when the agent is gone: how it ended, what it did, where to look. */
export function printSummary(session: {
  exit: AgentExit;
  summary: SessionSummary | undefined;
  ms: number;
  sid: string;
  brokerDied: boolean;
  lastWords: string;
}): void {
  const { exit, summary, ms } = session;
  say(endWords(exit, ms));
  if (summary === undefined) {
    say(
      session.brokerDied
        ? 'the broker had died; the log ends where it died'
        : 'the broker did not close in time',
    );
    if (session.lastWords !== '') say(session.lastWords);
  } else {
    const { allowed, denied, failed } = summary;
    say(`${allowed} calls allowed, ${denied} denied, ${failed} refused or failed before a decision`);
  }
  say(`turret audit ${session.sid.slice(0, 8)}`);
}

/** How it ended, and when. */
export function endWords(exit: AgentExit, ms: number): string {
  const how = exit.signal === undefined ? `exited with ${exit.code}` : `was ended by ${exit.signal}`;
  return `the agent ${how} after ${duration(ms)}; its token is dead`;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
