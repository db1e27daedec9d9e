import { TurretError } from '../../../errors.js';
import { SecretsCommand } from '../../../ui/secrets-command.js';
import { type ListedSlot, slotLines } from '../../../ui/secrets-list.js';
import { readVault } from '../../../vault/vault-file.js';

export default class SecretsSlotList extends SecretsCommand {
  static override summary = 'the ways to open the vault';
  static override examples = ['<%= config.bin %> secrets slot list'];

  async run(): Promise<{ slots: ListedSlot[] }> {
    await this.parse(SecretsSlotList);
    const document = readVault(this.places.file);
    if (document === undefined)
      throw new TurretError('secret_missing', 'there is no vault yet', {
        hints: ['turret secrets set NAME makes one'],
      });
    const slots = document.slots.map(({ id, kind, created }) => ({ id, kind, created }));
    this.print(slotLines(slots, this.colors));
    return { slots };
  }
}
