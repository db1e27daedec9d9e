import { Args } from '@oclif/core';

import type { ImportResult } from '../../../setup/import-secrets.js';
import { fromGh } from '../../../setup/secret-sources.js';
import { IMPORT_FLAGS, ImportCommand } from '../../../ui/import-command.js';

export default class SecretsImportGh extends ImportCommand {
  static override summary = 'the token that gh auth login left in a file';
  static override description =
    'A token that gh keeps in your keyring is left there: credentials: auto uses it.';
  static override examples = [
    '<%= config.bin %> secrets import gh',
    '<%= config.bin %> secrets import gh ghe.example.com',
  ];
  static override args = { host: Args.string({ description: 'host', default: 'github.com' }) };
  static override flags = IMPORT_FLAGS;

  async run(): Promise<ImportResult> {
    const { args, flags } = await this.parse(SecretsImportGh);
    return this.import(fromGh(args.host, process.env), flags);
  }
}
