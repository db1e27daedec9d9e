// What init, doctor and `repeater list` do around their own work: one voice, and a --json error that says what is wrong.

import { Command } from '@oclif/core';

import { escapeJson } from '../audit/escape.js';
import { TurretError } from '../errors.js';
import { type Colors, colorsFor } from './colors.js';

const EXIT_WRONG_USE = 2;

export abstract class SetupCommand extends Command {
  static override enableJsonFlag = true;

  protected get colors(): Colors {
    return colorsFor(process.stdout, process.env);
  }

  protected print(lines: Iterable<string>): void {
    for (const line of lines) this.log(line);
  }

  /** JSON keeps bidi and C1 characters as they are, and a terminal obeys them; escaped they are the same value. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${escapeJson(JSON.stringify(json, null, 2))}\n`);
  }

  /** Everything else, and the words for people, are the business of cli.ts. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (!(error instanceof TurretError) || !this.jsonEnabled()) return super.catch(error);
    const { code, message, hints } = error;
    process.exitCode = code === 'usage' || code === 'config_invalid' ? EXIT_WRONG_USE : 1;
    this.logJson({ error: { code, message, hints } });
    return undefined;
  }
}
