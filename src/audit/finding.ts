// What can be wrong with a log, and where. SPEC.md §Audit log, Verifying.

export type FindingKind =
  /** Not a record: not JSON, not UTF-8, too long, or without seq, prev and type. */
  | 'unreadable'
  /** The record after this one does not continue from it: this one was changed. */
  | 'altered'
  /** Records `seq` to `to` are not where they belong. */
  | 'missing'
  /** The same line once more. */
  | 'duplicate'
  /** A record that belongs before its place. */
  | 'out_of_order'
  /** The last line has no end. */
  | 'torn'
  /** A checkpoint covers records `seq` to `to`, which are not there. */
  | 'truncated'
  /** Records `seq` to `to` are not the ones a checkpoint was signed over. */
  | 'resigned'
  /** Records after the end of the session. */
  | 'after_end'
  /** A checkpoint cannot be read, goes backwards, or is not signed by this session's key. */
  | 'bad_checkpoint'
  /** No checkpoint where there must be one: none at all, or none for the end of a closed session. */
  | 'no_checkpoint'
  /** The host key did not vouch for the key of this session. */
  | 'bad_certificate';

export interface Finding {
  kind: FindingKind;
  seq: number;
  /** Last record concerned, when it is a range. */
  to?: number;
  /** Line of the log, from 1; of the checkpoints file, in blocks, for `bad_checkpoint`. 0 when there is no line. */
  line: number;
  /** Byte offset of that line in the log. */
  offset?: number;
}
