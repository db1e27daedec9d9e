// Whether something is where a reference says, without reading it, opening the vault or running a program.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { TurretError } from '../errors.js';
import { vaultFile } from '../vault/places.js';
import { type Reference, shownReference } from '../vault/reference.js';
import { readVault } from '../vault/vault-file.js';
import { isOnPath, isProgram } from './agents-found.js';
import type { CredentialSource } from './credential-source.js';
import { type Environment, has } from './environment.js';

export function referenceSource(reference: Reference, env: Environment): CredentialSource {
  switch (reference.kind) {
    case 'vault':
      return ofVault(reference.name, env);
    case 'env': {
      const { name } = reference;
      if (has(env, name)) return { found: true, source: `environment (${name})` };
      const fix = `export ${name} where you start turret run`;
      return { found: false, source: `environment, without ${name}`, fix };
    }
    case 'file': {
      const path = reference.path.replace(/^~(?=\/)/, env['HOME'] ?? '');
      return existsSync(path)
        ? { found: true, source: `file (${path})` }
        : { found: false, source: `file ${path}, which is not there`, fix: 'make it, or write where it is' };
    }
    case 'systemd': {
      const directory = env['CREDENTIALS_DIRECTORY'];
      const { name } = reference;
      if (directory !== undefined && existsSync(join(directory, name)))
        return { found: true, source: `systemd credential (${name})` };
      const fix = `LoadCredential=${name}:… in the unit`;
      return { found: false, source: `systemd credential ${name}, which is not there`, fix };
    }
    case 'cmd': {
      const [program = ''] = reference.words;
      const isThere = program.startsWith('/') ? isProgram(program) : isOnPath(program, env['PATH'] ?? '');
      if (isThere) return { found: true, source: `what ${program} prints` };
      return {
        found: false,
        source: `${shownReference(reference)}, which is not on your PATH`,
        fix: `install ${program}`,
      };
    }
  }
}

function ofVault(name: string, env: Environment): CredentialSource {
  const file = vaultFile({ XDG_DATA_HOME: env['XDG_DATA_HOME'], HOME: env['HOME'] });
  try {
    const document = file === undefined ? undefined : readVault(file);
    if (document?.items.has(name) === true) return { found: true, source: `vault (${name})` };
    const source = document === undefined ? 'vault, which is not there' : `vault, without ${name}`;
    return { found: false, source, fix: `turret secrets set ${name}` };
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    return { found: false, source: error.message, fix: error.hints[0] ?? 'look at it' };
  }
}
