import { KEY_FILE_FLAG, SecretsCommand } from '../../ui/secrets-command.js';
import { rotateKey } from '../../vault/manage.js';

export default class SecretsRotateKey extends SecretsCommand {
  static override summary = 'seal everything in the vault under a new key';
  static override description = `For when somebody may have had the vault open, or had a key file of it. Every way to open it has to be taken along: passphrases are asked
for, a key file is given. The version before, which the old key opens, is removed. The secrets are still the same: change those
where they were issued.`;
  static override examples = [
    '<%= config.bin %> secrets rotate-key',
    '<%= config.bin %> secrets rotate-key --key-file ci.key',
  ];
  static override flags = { ...KEY_FILE_FLAG };

  async run(): Promise<{ secrets: number; slots: number }> {
    const { flags } = await this.parse(SecretsRotateKey);
    const { vault } = await rotateKey(this.places, this.means(flags));
    const count = { secrets: vault.items.size, slots: vault.slots.length };
    this.print([`secrets under a new key: ${count.secrets}; slots that open it: ${count.slots}`]);
    return count;
  }
}
