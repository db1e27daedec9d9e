import { type SessionEntry, forgetSession, openSession } from '../platform/sessions.js';
import type { BrokerSetup } from '../protocol/control.js';
import type { BrokerProcess } from './broker-process.js';

/**
 * Begins the log and everything else of the broker's. When it cannot, nothing has run and the session never was: rejects with
 * what the broker said. Resolves with the port the agent is met at, when it is not met at a path.
 */
export async function begin(
  broker: BrokerProcess,
  { state, entry }: { state: string; entry: SessionEntry },
  setup: BrokerSetup,
): Promise<number | undefined> {
  try {
    const port = await broker.setUp(setup);
    openSession(state, entry.name, Date.now());
    return port;
  } catch (error) {
    forgetSession(entry);
    throw error;
  }
}
