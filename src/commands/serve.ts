import { Flags } from '@oclif/core';

import { serveHere } from '../session/serve-here.js';
import { TurretCommand } from '../ui/turret-command.js';

export default class Serve extends TurretCommand {
  static override summary = 'a long-lived server for several agents, each with a token of its own';
  static override description = `Runs in the foreground until SIGTERM, and writes one log (turret audit). turret token create lets an agent in; turret run --via SOCKET
runs one in a sandbox of this machine with the server's rules and keys. Tokens and revocations outlive a restart.`;
  static override enableJsonFlag = false;
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --config /etc/turret/turret.yaml --socket /run/turret/agent.sock --group turret-agents',
  ];
  static override flags = {
    config: Flags.string({
      char: 'c',
      helpValue: 'FILE',
      summary: 'turret.yaml to use instead of ~/.config/turret/turret.yaml',
    }),
    socket: Flags.string({
      helpValue: 'PATH',
      summary: 'where agents connect; $XDG_RUNTIME_DIR/turret/serve/agent.sock when left out',
    }),
    group: Flags.string({
      helpValue: 'NAME',
      summary: 'Unix group that may connect; only this user and root without it',
    }),
    quiet: Flags.boolean({ char: 'q', summary: 'no lines of turret at start and end' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Serve);
    const { config, socket, group, quiet } = flags;
    const code = await serveHere({
      ...(config === undefined ? {} : { configFile: config }),
      ...(socket === undefined ? {} : { socket }),
      ...(group === undefined ? {} : { group }),
      quiet,
    });
    // Sockets of repeaters that are just dying must not keep us.
    process.exit(code);
  }
}
