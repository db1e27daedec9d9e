import { Flags } from '@oclif/core';

import { diagnose, type Diagnosis } from '../setup/doctor.js';
import { doctorLines, progressLine } from '../ui/doctor.js';
import { TurretCommand } from '../ui/turret-command.js';

export default class Doctor extends TurretCommand {
  static override summary = 'what is protected on this machine, what is not, and how to fix it';
  static override description = `Looks at the machine, the configuration, the programs and the logs, builds the sandbox a session would get, and tries
from inside what an agent could try: other processes, credential files, sockets, writing elsewhere, the network. Nothing is changed,
nothing is sent, and no credential is printed. Exits with 0 when a session can start here, else with 1.`;
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --json',
    '<%= config.bin %> doctor --config team.yaml',
  ];
  static override flags = {
    config: Flags.string({
      char: 'c',
      summary: 'with this file instead of the user file',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(Doctor);
    const progress = progressLine(process.stderr, process.env);
    const diagnosis = await diagnose({
      env: process.env,
      cwd: process.cwd(),
      uid: process.getuid?.() ?? 0,
      configFile: flags.config,
      progress: progress.show,
    }).finally(progress.done);
    this.print(doctorLines(diagnosis, this.colors));
    if (!diagnosis.ok) process.exitCode = 1;
    return diagnosis;
  }
}
