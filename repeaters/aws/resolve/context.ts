// What the resolver knows besides the call: all of it comes from the operator or the installed CLI, never from the agent.

import type { AwsTables } from '../tables/types.js';

export interface AwsContext {
  /** The repeater's configured name: first word of every action. */
  name: string;
  tables: AwsTables;
  /** The operator's default region, for calls that name none. */
  region?: string;
  /** The operator's default output format. */
  output?: string;
  /** Profiles this repeater serves: naming one of them changes nothing. */
  profiles: string[];
  /** Profile to the name of the other repeater that serves it. */
  siblings: Record<string, string>;
}
