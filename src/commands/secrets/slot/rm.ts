import { Args } from '@oclif/core';

import { KEY_FILE_FLAG, SecretsCommand } from '../../../ui/secrets-command.js';
import { removeSlot } from '../../../vault/manage.js';

export default class SecretsSlotRm extends SecretsCommand {
  static override summary = 'take away one way to open the vault';
  static override description =
    'Whoever has a copy of the vault from before can still open that one: after a leak, rotate-key and change the secrets as well.';
  static override examples = ['<%= config.bin %> secrets slot rm 2'];
  static override args = {
    slot: Args.integer({ description: 'its number, from `secrets slot list`', required: true }),
  };
  static override flags = { ...KEY_FILE_FLAG };

  async run(): Promise<{ slot: number; kind: string }> {
    const { args, flags } = await this.parse(SecretsSlotRm);
    const { id, kind } = await removeSlot(this.places, this.means(flags), args.slot);
    this.print([`slot ${id} (${kind}) opens the vault no longer`]);
    return { slot: id, kind };
  }
}
