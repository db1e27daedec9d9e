// What every command with --json does around its own work: one voice, and nothing of a stranger's printed raw.

import { Command } from '@oclif/core';

import { escapeJson } from '../audit/escape.js';
import { TurretError } from '../errors.js';
import { type Colors, colorsFor } from './colors.js';
import { errorLines } from './voice.js';

const EXIT_WRONG_USE = 2;

export abstract class TurretCommand extends Command {
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

  protected exitCodeOf({ code }: TurretError): number {
    return code === 'usage' || code === 'config_invalid' ? EXIT_WRONG_USE : 1;
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (!(error instanceof TurretError)) return super.catch(error);
    process.exitCode = this.exitCodeOf(error);
    const { code, message, hints } = error;
    if (this.jsonEnabled()) this.logJson({ error: { code, message, hints } });
    else for (const line of errorLines(error)) this.logToStderr(`turret: ${line}`);
    return undefined;
  }
}
