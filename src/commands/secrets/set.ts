import { Args } from '@oclif/core';

import { TurretError } from '../../errors.js';
import { SECRET_BYTES_MIN } from '../../protocol/spellings.js';
import { KEY_FILE_FLAG, SecretsCommand } from '../../ui/secrets-command.js';
import { readSecret } from '../../ui/read-secret.js';
import { openOrNewStore } from '../../vault/manage.js';
import { checkName } from '../../vault/vault.js';

export default class SecretsSet extends SecretsCommand {
  static override summary = 'keep a secret in the vault, or replace it';
  static override description = `The value is asked for at the terminal and not shown, or read from stdin when that is no terminal; one line break at its end is
not a part of it. It is never an argument: those are in the history of your shell, and every process of this machine can read them.`;
  static override examples = [
    '<%= config.bin %> secrets set database-url',
    'pass show prod/db | <%= config.bin %> secrets set database-url',
    '<%= config.bin %> secrets set tls-key < key.pem',
  ];
  static override usage = 'secrets set NAME [--key-file FILE] [--json]';
  static override args = { name: Args.string({ description: 'name of the secret', required: true }) };
  static override flags = { ...KEY_FILE_FLAG };
  // A second word is looked at here: oclif would print it.
  static override strict = false;

  async run(): Promise<{ name: string; replaced: boolean }> {
    const { args, flags, argv } = await this.parse(SecretsSet);
    const { name } = args;
    if (argv.length > 1)
      throw new TurretError('usage', 'a value is never an argument', {
        hints: ['it is asked for, or read from stdin; change this one: it is in the history of your shell'],
      });
    checkName(name);
    const means = this.means(flags);
    const store = await openOrNewStore(this.places, means);
    const value = await readSecret(name, means.ask);
    const replaced = store.change('kept', (vault) => {
      const was = vault.items.has(name);
      vault.set(name, value, { changed: new Date().toISOString() });
      return was;
    });
    this.print([`${replaced ? 'replaced' : 'kept'} ${name}; in turret.yaml it is vault:${name}`]);
    if (Buffer.byteLength(value) < SECRET_BYTES_MIN)
      this.logToStderr(
        `turret: shorter than ${SECRET_BYTES_MIN} bytes: it cannot be taken out of what a repeater returns`,
      );
    return { name, replaced };
  }
}
