// Columns for people.

import { visible } from './visible.js';

/** Lines of a table with a heading; the last column is not padded. Cells are made visible here. */
export function tableLines(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  paintHeading: (text: string) => string,
): string[] {
  const safe = rows.map((row) => row.map(visible));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...safe.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === heading.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [paintHeading(line(heading)), ...safe.map(line)];
}
