// `tail -f`: the records of a log as they are written, until its session ends.

import { closeSync, watch, type FSWatcher } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLine, type ReadLine } from '../audit/read-line.js';
import { openLog, readLines, readRecords } from './audit-read.js';
import { isRunning, type SessionEntry } from './sessions.js';

/** A change notice can be lost, and a killed session sends none. */
const LOOK_AGAIN_MS = 500;

/** Records from byte `position` on. Ends with session.end, or when the session's supervisor is gone and the log read to its end. */
export async function* followLog(entry: SessionEntry): AsyncGenerator<ReadLine> {
  const fd = openLog(entry.log);
  const changes = new Changes(entry.log);
  try {
    let position = 0;
    for (;;) {
      // Asked before reading: what a session wrote before it died is still read.
      const wasRunning = isRunning(entry);
      for (const line of readLines(fd, position)) {
        if (!line.whole) break;
        position += line.length + 1;
        const record = readLine(line.bytes);
        if (record === undefined) continue;
        yield record;
        if (record.type === 'session.end') return;
      }
      if (!wasRunning) return;
      await changes.next();
    }
  } finally {
    changes.close();
    closeSync(fd);
  }
}

class Changes {
  readonly #watcher: FSWatcher | undefined;
  #wake: (() => void) | undefined;
  #changed = false;

  constructor(file: string) {
    try {
      this.#watcher = watch(file, () => {
        this.#changed = true;
        this.#wake?.();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No inotify left: looking again now and then is slower and works.
    }
  }

  /** Resolves at the next change, or after a while. */
  async next(): Promise<void> {
    if (!this.#changed) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([changed, sleep(LOOK_AGAIN_MS, undefined, { ref: true })]);
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher?.close();
  }
}

/** The last records of a log, oldest first. */
export function lastRecords(entry: SessionEntry, count: number): ReadLine[] {
  const last: ReadLine[] = [];
  if (count === 0) return last;
  for (const record of readRecords(entry.log)) {
    last.push(record);
    if (last.length > count) last.shift();
  }
  return last;
}

/** Gives out the last `count` records, then the new ones until the session ends. */
export async function followTail(
  entry: SessionEntry,
  count: number,
  show: (record: ReadLine) => void,
): Promise<void> {
  const begun = lastRecords(entry, count);
  const first = begun[0]?.seq ?? lastRecords(entry, 1).map(({ seq }) => seq + 1)[0] ?? 0;
  for await (const record of followLog(entry)) if (record.seq >= first) show(record);
}
