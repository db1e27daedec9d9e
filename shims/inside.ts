// `turret` inside a session: what an agent without a shim for its tool needs, and nothing else. The full program may not
// even be visible in the sandbox.

import { callAndExit } from '../src/client/call-and-exit.js';
import { exitCodeOf } from '../src/client/exit-code.js';
import { refusalLines } from '../src/client/refusal-lines.js';
import { statusInside, statusLines } from '../src/client/session-status.js';
import { tokenCommand } from '../src/client/token-command.js';
import { parseParamWords } from '../src/config/param-words.js';
import { TurretError } from '../src/errors.js';

const USAGE = `inside a session turret has these commands:
  turret call ACTION [NAME=VALUE…]   ask for a capability by name, e.g. turret call s3.list_buckets
  turret status                      what this session is and which tools it serves
  turret token attenuate --allow … -- CMD  run CMD with a part of this session's rights
  turret token list|revoke           what became of such tokens, and the end of one`;

export async function inside(argv: string[], program: string): Promise<void> {
  try {
    const [command, ...words] = argv;
    if (command === 'call' && words[0] !== undefined) {
      const [action, ...params] = words;
      const asked = { action, params: parseParamWords(params) };
      return await callAndExit({
        client: 'turret call',
        program,
        request: (from) => ({ ...asked, ...from }),
      });
    }
    if (command === 'status') {
      const status = await statusInside(program, 'turret status');
      if (status === undefined) throw new TurretError('not_in_session', 'this is not inside a session');
      process.stdout.write(
        argv.includes('--json')
          ? `${JSON.stringify(status, null, 2)}\n`
          : `${statusLines(status).join('\n')}\n`,
      );
      return;
    }
    if (command === 'token' && (await tokenCommand(words, program))) return;
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = command === '--help' || command === 'help' ? 0 : 2;
  } catch (error) {
    const known =
      error instanceof TurretError ? error : new TurretError('internal', `something broke: ${String(error)}`);
    process.stderr.write(refusalLines(known));
    process.exitCode = exitCodeOf(known);
  }
}
