import { Args } from '@oclif/core';

import type { ImportResult } from '../../../setup/import-secrets.js';
import { fromEnvironment } from '../../../setup/secret-sources.js';
import { IMPORT_FLAGS, ImportCommand } from '../../../ui/import-command.js';

export default class SecretsImportEnv extends ImportCommand {
  static override summary = 'from variables of this environment, by name';
  static override examples = ['<%= config.bin %> secrets import env DATABASE_URL GH_TOKEN'];
  static override args = { name: Args.string({ description: 'name of a variable', required: true }) };
  static override flags = IMPORT_FLAGS;
  static override strict = false;

  async run(): Promise<ImportResult> {
    const { argv, flags } = await this.parse(SecretsImportEnv);
    return this.import(fromEnvironment(argv as string[], process.env), flags);
  }
}
