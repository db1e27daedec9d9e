/** Of numbers in any order; NaN of none. `share` 0.5 is the median. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Theil and Sen's slope: the median of the slopes of all pairs, which a few odd samples do not move. */
export function robustSlope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).map(([later, above]) => (above - y) / (later - x)),
  );
  return quantile(slopes, 0.5);
}
