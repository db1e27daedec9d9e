// The http repeater: upstreams by alias, each with its own secret.

import { version } from '../../src/installation.js';
import { HTTP_ANSWER_BYTES_MAX, HTTP_REQUESTS_MAX } from '../../src/protocol/limits.js';
import { keepSecret } from '../sdk/own-secrets.js';
import type { Repeater, RepeaterSecrets } from '../sdk/types.js';
import { createAgent, performHttp } from './perform.js';
import { METHODS, PARAMS, WITH_BODY, annotationsOf, resolveHttp } from './resolve.js';
import { readUpstreams } from './upstreams.js';

export function createHttpRepeater(secrets: RepeaterSecrets): Repeater {
  const { name } = secrets;
  const upstreams = readUpstreams(secrets);
  const agent = createAgent();
  // Of `user:password` the password alone, too.
  for (const value of Object.values(secrets.env)) keepSecret(value.slice(value.indexOf(':') + 1));
  return {
    version,
    tools: [],
    concurrency: HTTP_REQUESTS_MAX,
    actions: [...upstreams.keys()].flatMap((alias) =>
      METHODS.map((method) => ({
        name: `${alias}.${method}`,
        params: PARAMS,
        annotations: annotationsOf(method),
        stdin: WITH_BODY.includes(method),
      })),
    ),
    resolve: (call) => resolveHttp(call, { name, upstreams }),
    run: (run) => performHttp(run, { agent, upstreams, answerBytesMax: HTTP_ANSWER_BYTES_MAX }),
  };
}
