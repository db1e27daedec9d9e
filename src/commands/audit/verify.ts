import { Args, Flags } from '@oclif/core';
import {
  type IndexFinding,
  onlyForFiles,
  verifyAll,
  type VerifyReport,
  verifyTarget,
} from '../../platform/audit-report.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { allLines, verdictLines } from '../../ui/audit-verify.js';

export default class AuditVerify extends AuditCommand {
  static override summary = 'prove that a log is what was written, or say where it is not';
  static override description =
    'Exit code 0: intact. 1: damaged, with every place. 2: no such session or file.';
  static override examples = [
    '<%= config.bin %> audit verify',
    '<%= config.bin %> audit verify --all',
    '<%= config.bin %> audit verify ./audit.jsonl --host-key BASE64URL',
  ];
  static override args = {
    session: Args.string({ description: 'beginning of a session id, `last`, or a file', default: 'last' }),
  };
  static override flags = {
    all: Flags.boolean({ summary: 'every session, and the index of sessions' }),
    'host-key': Flags.string({
      summary: 'public host key that must vouch for a file',
      helpValue: 'BASE64URL',
    }),
  };

  async run(): Promise<VerifyReport | { ok: boolean; sessions: VerifyReport[]; findings: IndexFinding[] }> {
    const { args, flags } = await this.parse(AuditVerify);
    if (flags.all) {
      if (flags['host-key'] !== undefined) throw onlyForFiles();
      const all = verifyAll(this.state);
      this.print(allLines(all, this.colors));
      if (!all.ok) process.exitCode = 1;
      return all;
    }
    const verdict = verifyTarget(this.state, args.session, flags['host-key']);
    this.print(verdictLines(verdict, this.colors));
    if (!verdict.ok) process.exitCode = 1;
    return verdict;
  }
}
