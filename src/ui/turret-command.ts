// What every command with --json does around its own work: one voice, and nothing of a stranger's printed raw.

import { Command } from '@oclif/core';

import type { TurretError } from '../errors.js';
import { type Colors, colorsFor } from './colors.js';
import { errorJson, exitCodeFor, jsonText, toldError } from './told-error.js';
import { errorLines } from './voice.js';

export abstract class TurretCommand extends Command {
  static override enableJsonFlag = true;

  protected get colors(): Colors {
    return colorsFor(process.stdout, process.env);
  }

  protected print(lines: Iterable<string>): void {
    for (const line of lines) this.log(line);
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(jsonText(json));
  }

  protected exitCodeOf(error: TurretError): number {
    return exitCodeFor(error);
  }

  protected override async catch(thrown: Error & { exitCode?: number }): Promise<unknown> {
    const words = this.id?.replaceAll(':', ' ') ?? '';
    const error = toldError(thrown, { help: `${this.config.bin} ${words} --help` });
    process.exitCode = this.exitCodeOf(error);
    if (this.jsonEnabled()) this.logJson(errorJson(error));
    else for (const line of errorLines(error)) this.logToStderr(`turret: ${line}`);
    return undefined;
  }
}
