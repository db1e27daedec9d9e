// What every `turret audit` command does around its own work: find the state, speak in one voice, print nothing raw.

import { Command } from '@oclif/core';
import { escapeForeign, escapeJson } from '../audit/escape.js';
import { TurretError } from '../errors.js';
import { stateDirectory } from '../platform/sessions.js';
import { type Colors, colorsFor } from './colors.js';

const EXIT_WRONG_USE = 2;

export abstract class AuditCommand extends Command {
  static override enableJsonFlag = true;

  protected get state(): string {
    return stateDirectory({ XDG_STATE_HOME: process.env['XDG_STATE_HOME'], HOME: process.env['HOME'] });
  }

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

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (!(error instanceof TurretError)) return super.catch(error);
    process.exitCode = EXIT_WRONG_USE;
    const { code, message, hints } = error;
    if (this.jsonEnabled()) {
      this.logJson({ error: { code, message, hints } });
      return undefined;
    }
    this.logToStderr(`turret: error: ${escapeForeign(message)}`);
    for (const hint of hints) this.logToStderr(`turret: hint: ${escapeForeign(hint)}`);
    return undefined;
  }
}
