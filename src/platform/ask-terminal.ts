// A question to the person at the terminal whose answer is not shown. It goes to the terminal itself: stdin may be a
// secret's value, and stdout somebody's file.

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

import { TurretError } from '../errors.js';
import { TYPED_BYTES_MAX } from '../protocol/limits.js';

const TERMINAL = '/dev/tty';
const KEY = {
  interrupt: 0x03,
  end: 0x04,
  backspace: 0x08,
  tab: 0x09,
  newline: 0x0a,
  enter: 0x0d,
  kill: 0x15,
  del: 0x7f,
};

/** Asks one question; undefined when this process has no terminal. */
export function terminalAsker(): ((question: string) => Promise<string>) | undefined {
  try {
    closeSync(openSync(TERMINAL, constants.O_RDWR));
    return askHidden;
  } catch {
    // Nobody is there to be asked.
    return undefined;
  }
}

/** Rejects with TurretError usage when nothing was typed, or more than a line. ^C is the signal that it always is. */
async function askHidden(question: string): Promise<string> {
  const fd = openSync(TERMINAL, constants.O_RDWR);
  const terminal = new ReadStream(fd);
  // Raw before the question: what is typed at it is not shown, however fast.
  terminal.setRawMode(true);
  writeSync(fd, question);
  try {
    const typed = await lineFrom(terminal, () => writeSync(fd, '\r\n'));
    if (typed.length === 0) throw usage('nothing was typed', 'try again');
    return typed.toString('utf8');
  } finally {
    // While it is open: a closed one cannot be set back, and the terminal would stay as it is.
    terminal.setRawMode(false);
    writeSync(fd, '\r\n');
    terminal.destroy();
  }
}

function lineFrom(terminal: ReadStream, interrupted: () => void): Promise<Buffer> {
  const typed: number[] = [];
  return new Promise((resolve, reject) => {
    terminal.on('data', (keys: Buffer) => {
      const end = takeKeys(keys, typed);
      if (end === 'entered') resolve(Buffer.from(typed));
      else if (end === 'more')
        reject(usage('more than one line came', 'give a text of several lines on stdin'));
      else if (end === 'interrupted') {
        terminal.setRawMode(false);
        interrupted();
        process.kill(process.pid, 'SIGINT');
      }
    });
    terminal.on('error', reject);
    terminal.on('end', () => reject(usage('the terminal is gone', 'nothing was changed')));
  });
}

/** How the line ended, if it did. `more`: with something behind its end, which a shell must not get to see. */
function takeKeys(keys: Buffer, typed: number[]): 'entered' | 'more' | 'interrupted' | undefined {
  for (const [index, key] of keys.entries()) {
    if (key === KEY.interrupt) return 'interrupted';
    if (key === KEY.end || key === KEY.enter || key === KEY.newline)
      return keys.subarray(index + 1).some((later) => later > 0x20) ? 'more' : 'entered';
    if (key === KEY.backspace || key === KEY.del) eraseOne(typed);
    else if (key === KEY.kill) typed.length = 0;
    else if ((key >= 0x20 || key === KEY.tab) && typed.length < TYPED_BYTES_MAX) typed.push(key);
  }
  return undefined;
}

// A character may be several bytes of UTF-8.
function eraseOne(typed: number[]): void {
  while (((typed.pop() ?? 0) & 0xc0) === 0x80);
}

function usage(message: string, hint: string): TurretError {
  return new TurretError('usage', message, { hints: [hint] });
}
