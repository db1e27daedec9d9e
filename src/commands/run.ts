import { Command, Flags } from '@oclif/core';

import { ISOLATION_MODES, NETWORK_MODES } from '../isolation/levels.js';
import { main } from '../session/main.js';

/** Only shown by `--help`: bin/turret.js starts `run` without this framework. Both read the same options. */
export default class Run extends Command {
  static override summary = 'run an agent that can act but holds no keys';
  static override description = `The command after -- runs in a sandbox with a scrubbed environment that holds one credential, TURRET_TOKEN.
aws, gh and every tool a configured repeater serves are shims first on its PATH. When it exits, the token is dead.
The exit code is the command's own; 125 when turret itself broke, 126 when it refused to start it, 127 when it was not found.`;
  static override usage = 'run [OPTION…] -- COMMAND [ARG…]';
  static override examples = [
    '<%= config.bin %> run -- claude',
    '<%= config.bin %> run --config team.yaml -- sh -c "aws s3 ls; gh pr list -R acme/app"',
    '<%= config.bin %> run --env-unsafe ANTHROPIC_API_KEY -- claude -p "list my buckets"',
    '<%= config.bin %> run --port 5432 -- ./agent-with-a-database.sh',
    '<%= config.bin %> run --isolation strict -- ./offline-agent.sh',
    '<%= config.bin %> run --via /run/turret/agent.sock --token-file ci.token -- ./build-agent.sh',
  ];
  static override flags = {
    config: Flags.string({
      char: 'c',
      helpValue: 'FILE',
      summary: 'turret.yaml to use instead of ~/.config/turret/turret.yaml',
    }),
    isolation: Flags.option({ options: ISOLATION_MODES })({
      summary: 'how the agent is shut in; never falls to none by itself',
    }),
    net: Flags.option({ options: NETWORK_MODES })({
      summary: 'the network of the agent; ports: TCP 53, 443 and what --port adds',
    }),
    port: Flags.integer({
      multiple: true,
      helpValue: 'N',
      summary: 'a TCP port the agent may connect to besides, under --net ports',
    }),
    label: Flags.string({ summary: 'what the audit log calls this session' }),
    env: Flags.string({
      multiple: true,
      helpValue: 'NAME',
      summary: 'pass this variable too; refused when it looks like a secret',
    }),
    'env-unsafe': Flags.string({
      multiple: true,
      helpValue: 'NAME',
      summary: 'pass this variable although it looks like a secret',
    }),
    via: Flags.string({
      helpValue: 'SOCKET',
      summary: 'use the rules and keys of the turret serve at this socket, with TURRET_TOKEN or --token-file',
    }),
    'token-file': Flags.string({ helpValue: 'FILE', summary: "the server's token, instead of TURRET_TOKEN" }),
    quiet: Flags.boolean({ char: 'q', summary: 'no lines of turret at start and end' }),
  };
  static override strict = false;

  async run(): Promise<void> {
    await main(this.argv);
  }
}
