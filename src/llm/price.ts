// Tokens to money. Prices are the operator's: lists that come with a program are wrong after a month.

import type { Tokens } from './usage.js';

/** US dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
  /** Read from a cache; as `input` when left out. */
  cached?: number;
}
/** By model; a `*` at the end stands for the rest of its name. */
export type Prices = Record<string, Price>;

/** Of the longest name that fits. */
export function priceOf(prices: Prices, model: string): Price | undefined {
  const fitting = Object.keys(prices).filter((name) =>
    name.endsWith('*') ? model.startsWith(name.slice(0, -1)) : name === model,
  );
  const [best] = fitting.sort((left, right) => right.length - left.length);
  return best === undefined ? undefined : prices[best];
}

/** US dollars, to a millionth, rounded up. */
export function costOf({ input, cached, output }: Tokens, price: Price): number {
  const millionths = input * price.input + cached * (price.cached ?? price.input) + output * price.output;
  return Math.ceil(millionths - ROUNDING) / 1_000_000;
}

/** Sums of decimal fractions are not exact. */
const ROUNDING = 1e-6;
