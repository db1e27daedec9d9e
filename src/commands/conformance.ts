import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { type Program, launchOf } from '../../repeaters/sdk/conformance/launch.js';
import { type CheckResult, runConformance } from '../../repeaters/sdk/conformance/run.js';
import { parseManifest } from '../config/manifest.js';
import { parseParamWords } from '../config/param-words.js';
import { formatProblem } from '../config/problem.js';
import { TurretError } from '../errors.js';
import { compileParamsSchema } from '../policy/params-schema.js';
import type { JsonObject, Params } from '../protocol/messages.js';
import { conformanceLines } from '../ui/conformance.js';
import { commandProblems } from '../setup/repeater-list.js';
import { TurretCommand } from '../ui/turret-command.js';

const PROFILES = ['binary', 'line', 'exec'] as const;

export default class Conformance extends TurretCommand {
  static override summary = 'check that a repeater of your own does what the protocol asks for';
  static override description =
    'Starts the command as turret run would, with a made-up secret, and drives it through every part of a call. Only actions that say they are read-only are called, and those you name with --call. Exits with 1 when a check fails.';
  static override usage = ['conformance [OPTION…] COMMAND [ARG…]', 'conformance [OPTION…] --manifest FILE'];
  static override examples = [
    '<%= config.bin %> conformance python3 my-repeater.py',
    '<%= config.bin %> conformance --profile line ./my-repeater.sh',
    '<%= config.bin %> conformance --manifest my-repeater.yaml --call "logs.read service=web"',
  ];
  static override strict = false;
  static override flags = {
    profile: Flags.string({
      summary: 'how the command is spoken to',
      options: [...PROFILES],
      default: 'binary',
    }),
    manifest: Flags.string({
      summary: 'take command, profile and actions from this manifest',
      helpValue: 'FILE',
    }),
    call: Flags.string({
      summary: 'also call this action',
      helpValue: '"ACTION key=value"',
      multiple: true,
    }),
    'answer-ms': Flags.integer({ summary: 'time for one answer', min: 100, default: 8_000 }),
  };

  async run(): Promise<{ ok: boolean; checks: CheckResult[] }> {
    const { flags, argv } = await this.parse(Conformance);
    const program = await programOf(flags, argv.map(String));
    const checks = await runConformance({
      ...launchOf(program),
      asked: (flags.call ?? []).map(askedCall),
      answerMs: flags['answer-ms'],
      secretNames: program.secrets,
      schemaProblem,
    });
    this.print(conformanceLines(checks, this.colors));
    const ok = checks.every(({ verdict }) => verdict !== 'failed');
    if (!ok) process.exitCode = 1;
    return { ok, checks };
  }
}

async function programOf(
  flags: { profile: string; manifest?: string | undefined },
  command: string[],
): Promise<Program & { secrets: readonly string[] }> {
  if (flags.manifest === undefined) {
    if (command.length === 0) throw usage('no command to test', 'turret conformance ./my-repeater');
    const profile = flags.profile as Program['profile'];
    if (profile === 'exec')
      throw usage('an exec repeater has its actions in a manifest', 'turret conformance --manifest FILE');
    return { profile, command, directory: process.cwd(), secrets: [] };
  }
  if (command.length > 0)
    throw usage('a manifest names its own command', 'turret conformance --manifest FILE');
  const file = resolve(flags.manifest);
  const { value, problems } = parseManifest(await readManifest(file), flags.manifest);
  if (value === undefined) throw new TurretError('manifest_invalid', problems.map(formatProblem).join('\n'));
  const { profile } = value;
  if (profile === 'cli')
    throw new TurretError(
      'usage',
      `${flags.manifest} has no problem; a declared tool speaks no protocol that could be checked`,
      {
        hints: ['write a turret.yaml that names it and try it with turret run'],
      },
    );
  const directory = resolve(value.directory);
  const [problem] = commandProblems(value.command, directory);
  if (problem !== undefined)
    throw new TurretError('manifest_invalid', problem, { hints: ['build it, or install what it needs'] });
  return { ...value, profile, directory, secrets: value.secrets ?? [] };
}

async function readManifest(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new TurretError('manifest_invalid', 'the manifest cannot be read', {
      cause,
      hints: [`look at ${file}`],
    });
  }
}

function askedCall(text: string): { action: string; params: Params } {
  const [action = '', ...words] = text.split(/\s+/);
  return { action, params: parseParamWords(words) };
}

function schemaProblem(schema: JsonObject): string | undefined {
  try {
    compileParamsSchema(schema);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function usage(message: string, hint: string): TurretError {
  return new TurretError('usage', message, { hints: [`write ${hint}`] });
}
