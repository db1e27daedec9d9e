import { Args, Flags } from '@oclif/core';

import { LANGUAGES, type NewRepeater, newRepeater } from '../../setup/new-repeater.js';
import { newRepeaterLines } from '../../ui/new-repeater.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class RepeaterNew extends TurretCommand {
  static override summary = 'begin a repeater of your own: a program that works, its manifest and its test';
  static override description =
    'Writes a directory of that name and never replaces anything. The program needs no other package: python and go get the SDK as one file beside it.';
  static override examples = [
    '<%= config.bin %> repeater new deploy --lang bash',
    '<%= config.bin %> repeater new tickets --lang python',
  ];
  static override args = {
    name: Args.string({ description: 'its name, and the first word of its actions', required: true }),
  };
  static override flags = {
    lang: Flags.option({ summary: 'language of the program', options: LANGUAGES, required: true })(),
  };

  async run(): Promise<NewRepeater> {
    const { args, flags } = await this.parse(RepeaterNew);
    const path = process.env['PATH'] ?? '';
    const made = newRepeater({ name: args.name, language: flags.lang, cwd: process.cwd(), path });
    this.print(newRepeaterLines(made, this.colors));
    return made;
  }
}
