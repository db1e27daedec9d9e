import { Args, Flags } from '@oclif/core';

import type { ImportResult } from '../../../setup/import-secrets.js';
import { fromDotenv } from '../../../setup/secret-sources.js';
import { IMPORT_FLAGS, ImportCommand } from '../../../ui/import-command.js';

export default class SecretsImportDotenv extends ImportCommand {
  static override summary = 'from a .env file: what looks like a secret, or the named variables';
  static override examples = [
    '<%= config.bin %> secrets import dotenv',
    '<%= config.bin %> secrets import dotenv .env.production DATABASE_URL',
  ];
  static override args = {
    file: Args.string({ description: 'the file', default: '.env' }),
    name: Args.string({ description: 'name of a variable' }),
  };
  static override flags = {
    ...IMPORT_FLAGS,
    all: Flags.boolean({ summary: 'every variable of it', default: false }),
  };
  static override strict = false;

  async run(): Promise<ImportResult> {
    const { args, argv, flags } = await this.parse(SecretsImportDotenv);
    const names = (argv as string[]).slice(1);
    return this.import(fromDotenv(args.file, { names, all: flags.all, cwd: process.cwd() }), flags);
  }
}
