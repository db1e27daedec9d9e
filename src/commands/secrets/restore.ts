import { Args } from '@oclif/core';

import { TurretError } from '../../errors.js';
import { KEY_FILE_FLAG, SecretsCommand } from '../../ui/secrets-command.js';
import { restoreFrom } from '../../vault/restore.js';

export default class SecretsRestore extends SecretsCommand {
  static override summary = 'put the version before back, or a backup, after looking whether it is whole';
  static override description = `For a vault that is damaged or was rolled back. What is there now is kept beside it under another name. Naming the vault's own file says
that an older vault in its place is meant to be there.`;
  static override examples = [
    '<%= config.bin %> secrets restore',
    '<%= config.bin %> secrets restore ~/backup/vault.json',
  ];
  static override args = {
    file: Args.string({ description: 'a vault; the version before when left out' }),
  };
  static override flags = { ...KEY_FILE_FLAG };

  async run(): Promise<{ secrets: string[]; aside?: string }> {
    const { args, flags } = await this.parse(SecretsRestore);
    const restored = await restoreFrom(this.places, this.means(flags), args.file);
    if (restored === undefined)
      throw new TurretError('usage', `there is no ${args.file ?? 'version before'}`, {
        hints: ['name a backup: turret secrets restore FILE'],
      });
    const { secrets, aside } = restored;
    this.print([
      `the vault has ${secrets.length === 0 ? 'no secrets' : secrets.join(', ')}`,
      ...(aside === undefined ? [] : [`what was there is ${aside}`]),
    ]);
    return restored;
  }
}
