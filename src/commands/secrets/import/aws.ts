import { Args, Flags } from '@oclif/core';

import type { ImportResult } from '../../../setup/import-secrets.js';
import { fromAws } from '../../../setup/secret-sources.js';
import { IMPORT_FLAGS, ImportCommand } from '../../../ui/import-command.js';

export default class SecretsImportAws extends ImportCommand {
  static override summary = "lasting keys of the aws CLI's profile, or of the environment";
  static override description =
    'SSO, roles and credential_process have no lasting keys: those stay profiles, and turret.yaml names them (credentials: profile:NAME).';
  static override examples = [
    '<%= config.bin %> secrets import aws',
    '<%= config.bin %> secrets import aws deploy',
    '<%= config.bin %> secrets import aws --env',
  ];
  static override args = { profile: Args.string({ description: 'name of the profile', default: 'default' }) };
  static override flags = {
    ...IMPORT_FLAGS,
    env: Flags.boolean({
      summary: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead of a profile',
      default: false,
    }),
  };

  async run(): Promise<ImportResult> {
    const { args, flags } = await this.parse(SecretsImportAws);
    return this.import(fromAws(flags.env ? undefined : args.profile, process.env), flags);
  }
}
