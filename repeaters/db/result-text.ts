// A result as text: JSON lines or CSV, one row at a time. Nothing a database can hold is rounded, cut or guessed at on the
// way; docs/db.md says what becomes of each kind of value.

/** One value. `json` is JSON already. */
export type Cell = null | { text: string } | { json: string } | { bytes: Uint8Array };
export type Format = 'json' | 'csv';
/** What ended a result early: the caller's own bound, or one of turret.yaml's. */
export type Cut = 'asked' | 'rows' | 'bytes';

export interface ResultBounds {
  /** What the caller wants at most; absent: all. */
  asked: number | undefined;
  rows: number;
  bytes: number;
}

/** Rows that are taken at most. */
export function rowsMax({ asked = Infinity, rows }: ResultBounds): number {
  return Math.min(asked, rows);
}

export class ResultText {
  readonly #columns: readonly string[];
  readonly #format: Format;
  readonly #bounds: ResultBounds;
  #rows = 0;
  #bytes = 0;
  cut: Cut | undefined;

  constructor(columns: readonly string[], { format, bounds }: { format: Format; bounds: ResultBounds }) {
    this.#format = format;
    this.#bounds = bounds;
    this.#columns = format === 'json' ? unlike(columns).map((name) => JSON.stringify(name)) : columns;
  }

  /** What comes before the first row. */
  head(): string {
    return this.#format === 'json' ? '' : csvLine(this.#columns.map((text) => ({ text })));
  }

  /** The row as a line; undefined, and `cut` says why, when there was one too many. */
  row(cells: readonly Cell[]): string | undefined {
    if (this.cut !== undefined) return undefined;
    const { asked = Infinity, rows, bytes } = this.#bounds;
    this.#rows += 1;
    if (this.#rows > asked) this.cut = 'asked';
    else if (this.#rows > rows) this.cut = 'rows';
    if (this.cut !== undefined) return undefined;
    const line = this.#format === 'json' ? this.#jsonLine(cells) : csvLine(cells);
    this.#bytes += Buffer.byteLength(line);
    if (this.#bytes <= bytes) return line;
    this.cut = 'bytes';
    return undefined;
  }

  #jsonLine(cells: readonly Cell[]): string {
    const members = cells.map((cell, index) => `${this.#columns[index] ?? '""'}:${jsonOf(cell)}`);
    return `{${members.join(',')}}\n`;
  }
}

/** What a statement without rows says it did. */
export function changesText(changes: number | bigint, format: Format): string {
  return format === 'json' ? `{"changes":${changes}}\n` : `changes\n${changes}\n`;
}

/** A whole number; as a text where readers of JSON would round it. */
export function wholeNumber(digits: string): Cell {
  return Number.isSafeInteger(Number(digits)) ? { json: digits } : { text: digits };
}

// An object has each key once: whoever reads it would keep only the last of two columns of a name.
function unlike(columns: readonly string[]): string[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    let name = column;
    for (let number = 2; taken.has(name); number += 1) name = `${column}_${number}`;
    taken.add(name);
    return name;
  });
}

function jsonOf(cell: Cell): string {
  if (cell === null) return 'null';
  if ('json' in cell) return cell.json;
  return 'text' in cell
    ? JSON.stringify(cell.text)
    : `{"base64":"${Buffer.from(cell.bytes).toString('base64')}"}`;
}

function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvOf).join(',')}\n`;
}

// NULL is nothing at all; a text that is empty has quotes.
function csvOf(cell: Cell): string {
  if (cell === null) return '';
  if ('bytes' in cell) return `\\x${Buffer.from(cell.bytes).toString('hex')}`;
  const text = 'json' in cell ? cell.json : cell.text;
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
