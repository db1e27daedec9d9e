import { Args } from '@oclif/core';

import { TurretError } from '../../errors.js';
import { KEY_FILE_FLAG, SecretsCommand } from '../../ui/secrets-command.js';
import { openStore } from '../../vault/manage.js';

export default class SecretsRm extends SecretsCommand {
  static override summary = 'remove secrets from the vault, and from the version of it that is kept';
  static override description =
    'Backups of your own still have them: revoke what must not be used any more where it was issued.';
  static override examples = ['<%= config.bin %> secrets rm database-url'];
  static override args = { name: Args.string({ description: 'name of a secret', required: true }) };
  static override flags = { ...KEY_FILE_FLAG };
  static override strict = false;

  async run(): Promise<{ removed: string[] }> {
    const { argv, flags } = await this.parse(SecretsRm);
    const names = argv as string[];
    const store = await openStore(this.places, this.means(flags));
    store.change('removed', (vault) => {
      for (const name of names)
        if (!vault.remove(name))
          throw new TurretError(
            'secret_missing',
            `there is no secret ${JSON.stringify(name)}; nothing was removed`,
            {
              hints: ['turret secrets list shows what there is'],
            },
          );
    });
    this.print(names.map((name) => `removed ${name}`));
    return { removed: names };
  }
}
