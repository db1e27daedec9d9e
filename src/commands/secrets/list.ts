import { Flags } from '@oclif/core';

import { KEY_FILE_FLAG, SecretsCommand } from '../../ui/secrets-command.js';
import { type ListedVault, vaultLines } from '../../ui/secrets-list.js';
import { openStore } from '../../vault/manage.js';
import { readVault } from '../../vault/vault-file.js';

export default class SecretsList extends SecretsCommand {
  static override summary = 'what is in the vault, by name; never a value';
  static override description =
    'Names are not secret and need no passphrase. --verify opens the vault and checks that every one of them is whole and in its place.';
  static override examples = [
    '<%= config.bin %> secrets list',
    '<%= config.bin %> secrets list --json',
    '<%= config.bin %> secrets list --verify',
  ];
  static override flags = {
    ...KEY_FILE_FLAG,
    verify: Flags.boolean({ summary: 'open it and check everything', default: false }),
  };

  async run(): Promise<ListedVault> {
    const { flags } = await this.parse(SecretsList);
    const { places } = this;
    if (flags.verify) await openStore(places, this.means(flags));
    const document = readVault(places.file);
    const listed: ListedVault = {
      file: places.file,
      ...(document === undefined ? {} : { generation: document.generation }),
      verified: flags.verify,
      secrets: [...(document?.items ?? [])].map(([name, { changed, from }]) => ({
        name,
        changed,
        ...(from === undefined ? {} : { from }),
      })),
    };
    this.print(vaultLines(listed, this.colors));
    return listed;
  }
}
