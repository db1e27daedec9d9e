// Changes one secret of a vault some times and says each time that it is written, or why not. Started by
// vault-file.test.ts; the last argument is the file operation before which it is killed, 0 for none.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import { TurretError } from '../../../src/errors.js';
import { changeVault } from '../../../src/vault/vault-file.js';

const [file = '', state = '', name = '', times = '', key = '', fatal = '0'] = process.argv.slice(2);

// With a handler the kernel's SIGXFSZ is write(2) failing with EFBIG.
process.on('SIGXFSZ', () => undefined);
const say = fs.writeSync.bind(undefined, 1) as (line: string) => void;
let operations = 0;
const CHANGING = ['writeSync', 'fsyncSync', 'linkSync', 'renameSync', 'rmSync', 'writeFileSync'];
const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const operation of CHANGING) {
  const real = functions[operation];
  if (real === undefined) throw new TypeError(operation);
  functions[operation] = (...args) => {
    operations += 1;
    if (operations === Number(fatal)) {
      // The kernel had taken a part of it.
      if (operation === 'writeSync') real(args[0], String(args[1]).slice(0, 20));
      process.kill(process.pid, 'SIGKILL');
    }
    return real(...args);
  };
}
syncBuiltinESMExports();

for (let count = 1; count <= Number(times); count += 1) {
  try {
    changeVault({ file, state }, { key: Buffer.from(key, 'hex'), generation: 1, before: 'kept' }, (vault) =>
      vault.set(name, `value ${count}`, { changed: new Date().toISOString() }),
    );
    say(`${count}\n`);
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    say(`${error.code}: ${error.message}\n`);
  }
}
