import type { BrokerAddress } from '../../src/client/locate.js';

/** What an attack on the socket knows. */
export interface SocketWorld {
  readonly token: string;
  readonly address: BrokerAddress;
  /** Of another session of the same user, for attacks that need one. */
  readonly other?: { readonly token: string; readonly address: BrokerAddress; readonly workspace: string };
}

/** One way of doing it, and what came of it. */
export interface Tried {
  readonly what: string;
  /** `served`: the broker did something with it that it does for honest clients. */
  readonly result: 'refused' | 'served';
  readonly said: string;
}
