// What the `turret secrets import` commands share, and the words they end with.

import { Flags } from '@oclif/core';

import { importSecrets, type ImportResult } from '../setup/import-secrets.js';
import type { SecretSource } from '../setup/secret-sources.js';
import { KEY_FILE_FLAG, SecretsCommand } from './secrets-command.js';
import { visible } from './visible.js';

export const IMPORT_FLAGS = {
  ...KEY_FILE_FLAG,
  replace: Flags.boolean({ summary: 'replace secrets of these names', default: false }),
};

export abstract class ImportCommand extends SecretsCommand {
  protected async import(
    source: SecretSource,
    flags: { 'key-file'?: string | undefined; replace: boolean },
  ): Promise<ImportResult> {
    const { places } = this;
    const means = this.means(flags);
    const result = await importSecrets(source, { places, means, replace: flags.replace, cwd: process.cwd() });
    this.print(importLines(result).map(visible));
    return result;
  }
}

function importLines(result: ImportResult): string[] {
  const { imported, unchanged, referred, passedOver, use, variables, exposed } = result;
  const left = [
    ...exposed.map(({ path, holds }) => `  ${path} (${holds})`),
    ...variables.map((name) => `  ${name}, in the environment of this shell`),
  ];
  return [
    ...imported.map((name) => `kept ${name}`),
    ...unchanged.map((name) => `${name} was there already`),
    ...referred.map(({ what, write }) => `not copied: ${what}; write ${write}`),
    ...(passedOver.length === 0 ? [] : [`not a secret by its looks: ${passedOver.join(', ')}`]),
    ...(use.length === 0 ? [] : ['', 'in the repeaters of turret.yaml:', ...use.map((line) => `  ${line}`)]),
    ...(left.length === 0
      ? []
      : [
          '',
          'still lying around in plain:',
          ...left,
          'nothing was deleted: remove there what you no longer need',
        ]),
  ];
}
