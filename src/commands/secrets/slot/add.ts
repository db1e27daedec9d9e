import { Args } from '@oclif/core';

import { KEY_FILE_FLAG, SecretsCommand } from '../../../ui/secrets-command.js';
import { SLOT_KINDS } from '../../../vault/document.js';
import { KEY_FILE_VARIABLE } from '../../../vault/key-file.js';
import { addSlot } from '../../../vault/manage.js';

export default class SecretsSlotAdd extends SecretsCommand {
  static override summary = 'one more way to open the vault: passphrase, key-file or keychain';
  static override description = `A key file is made here, for jobs and services: ${KEY_FILE_VARIABLE} names it, or it is a systemd credential named turret-vault-key. A keychain opens
the vault without a question as long as you are logged in. Where there is no vault yet, this makes it.`;
  static override examples = [
    '<%= config.bin %> secrets slot add passphrase',
    '<%= config.bin %> secrets slot add keychain',
    '<%= config.bin %> secrets slot add key-file ci.key',
    `${KEY_FILE_VARIABLE}=ci.key <%= config.bin %> run -- claude -p "…"`,
  ];
  static override args = {
    kind: Args.string({ description: 'what opens it', options: [...SLOT_KINDS], required: true }),
    file: Args.string({ description: 'the key file to make' }),
  };
  static override flags = { ...KEY_FILE_FLAG };

  async run(): Promise<{ slot: number; kind: string; created: boolean }> {
    const { args, flags } = await this.parse(SecretsSlotAdd);
    const kind = SLOT_KINDS.find((one) => one === args.kind) ?? 'passphrase';
    const { id, created } = await addSlot(this.places, this.means(flags), { kind, file: args.file });
    this.print([
      ...(created ? [`made a vault, ${this.places.file}`] : []),
      `slot ${id} opens it: ${kind}`,
      ...(kind === 'key-file' ? ['whoever has that file and the vault has the secrets'] : []),
    ]);
    return { slot: id, kind, created };
  }
}
