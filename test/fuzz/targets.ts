// Every fuzz target there is.

import type { FuzzTarget } from './target.js';
import { AUDIT } from './targets/audit.js';
import { AWS_ARGV } from './targets/aws-argv.js';
import { AWS_WIRE } from './targets/aws-wire.js';
import { COST } from './targets/cost.js';
import { GH_ARGV } from './targets/gh-argv.js';
import { GH_WIRE } from './targets/gh-wire.js';
import { HTTP } from './targets/http.js';
import { POLICY } from './targets/policy.js';
import { PROTOCOL } from './targets/protocol.js';
import { PROXY_HEAD } from './targets/proxy-head.js';
import { STREAMS } from './targets/streams.js';
import { SURROUNDINGS } from './targets/surroundings.js';
import { TOKEN_AND_HANDSHAKE } from './targets/token-and-handshake.js';

export const TARGETS: readonly FuzzTarget[] = [
  ...PROTOCOL,
  ...TOKEN_AND_HANDSHAKE,
  ...STREAMS,
  ...AWS_ARGV,
  ...AWS_WIRE,
  ...PROXY_HEAD,
  ...GH_ARGV,
  ...GH_WIRE,
  ...HTTP,
  ...POLICY,
  ...AUDIT,
  ...SURROUNDINGS,
  ...COST,
];
