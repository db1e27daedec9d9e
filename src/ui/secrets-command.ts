// What the `turret secrets` commands share: where the vault is, and how it is opened from here.

import { Flags } from '@oclif/core';

import { TurretError } from '../errors.js';
import { terminalAsker } from '../platform/ask-terminal.js';
import { stateDirectory } from '../platform/sessions.js';
import { KEY_FILE_VARIABLE } from '../vault/key-file.js';
import { loadKeychain } from '../vault/keychain.js';
import type { UnlockMeans } from '../vault/unlock.js';
import { vaultFile, type VaultPlaces } from '../vault/places.js';
import { TurretCommand } from './turret-command.js';

export const KEY_FILE_FLAG = {
  'key-file': Flags.string({
    summary: `open the vault with this key file; ${KEY_FILE_VARIABLE} says the same`,
    helpValue: 'FILE',
  }),
};

export abstract class SecretsCommand extends TurretCommand {
  /** Throws TurretError usage without a HOME. */
  protected get places(): VaultPlaces {
    return vaultPlaces(process.env);
  }

  protected means(flags: { 'key-file'?: string | undefined }): UnlockMeans {
    return {
      env: process.env,
      keyFile: flags['key-file'],
      ask: terminalAsker(),
      keychain: loadKeychain,
      tell: (line) => this.logToStderr(`turret: ${line}`),
    };
  }
}

function vaultPlaces(env: NodeJS.ProcessEnv): VaultPlaces {
  const file = vaultFile({ XDG_DATA_HOME: env['XDG_DATA_HOME'], HOME: env['HOME'] });
  if (file !== undefined)
    return { file, state: stateDirectory({ XDG_STATE_HOME: env['XDG_STATE_HOME'], HOME: env['HOME'] }) };
  throw new TurretError('usage', 'there is no place for the vault: HOME is not set', {
    hints: ['set HOME or XDG_DATA_HOME to an absolute path'],
  });
}
