import { type SessionEntry, forgetSession } from '../platform/sessions.js';
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
    return await broker.setUp(setup);
  } catch (error) {
    try {
      forgetSession(state, entry, Date.now());
    } catch {
      // A full disk, and the error below says so; verify will say that there is no log.
    }
    throw error;
  }
}
