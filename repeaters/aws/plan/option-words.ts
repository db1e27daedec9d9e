// One param back into the words of one option. Only forms whose meaning does not depend on what stands beside them:
// `--name=value` wherever it exists, and lists that end at the next option.

import type { ParamValue } from '../../../src/protocol/messages.js';
import { refuse } from '../resolve/refuse.js';
import type { AwsOption } from '../tables/types.js';

/** `loose`: words that would swallow a bare word behind them. `tight`: words that cannot. */
export interface OptionWords {
  loose: string[];
  tight: string[];
}

/** Throws TurretError('unresolvable') when the value does not have the option's type. */
export function optionWords(option: AwsOption, value: ParamValue): OptionWords {
  return WRITE[option.arity](option, value);
}

const WRITE: Record<AwsOption['arity'], (option: AwsOption, value: ParamValue) => OptionWords> = {
  flag: (option, value) => {
    if (value === true) return { loose: [], tight: [`--${option.name}`] };
    if (value === false && option.negatable) return { loose: [], tight: [`--no-${option.name}`] };
    return wrong(option, option.negatable ? 'true or false' : 'true');
  },
  one: (option, value) => {
    if (Array.isArray(value) || typeof value === 'boolean') return wrong(option, 'one string');
    return { loose: [], tight: [`--${option.name}=${value}`] };
  },
  maybe: (option, value) => {
    if (value === true) return { loose: [`--${option.name}`], tight: [] };
    if (Array.isArray(value) || value === false) return wrong(option, 'true or one string');
    return { loose: [], tight: [`--${option.name}=${value}`] };
  },
  many: (option, value) => {
    const items = (Array.isArray(value) ? value : [value]).map(String);
    if (items.length === 1) return { loose: [], tight: [`--${option.name}=${items[0]}`] };
    return { loose: [`--${option.name}`, ...items.map((item) => bare(option, item))], tight: [] };
  },
  pair: (option, value) => {
    if (!Array.isArray(value) || value.length % 2 !== 0) return wrong(option, 'keys and values in turn');
    const items = value.map((item) => bare(option, String(item)));
    const tight = items.flatMap((item, index) => (index % 2 === 0 ? [`--${option.name}`, item] : [item]));
    return { loose: [], tight };
  },
};

function wrong(option: AwsOption, wanted: string): never {
  return refuse(`the param of --${option.name} has the wrong type`, `give ${wanted}`);
}

function bare(option: AwsOption, item: string): string {
  if (!/^-(?!$|\d+$|\d*\.\d+$)/.test(item)) return item;
  return refuse(`an item of --${option.name} begins with a dash`, 'give that item alone');
}
