// The slow way: what a pattern means, spelled out by recursion.

export function slowGlob(pattern: string, value: string): boolean {
  if (pattern === '') return value === '';
  if (pattern.startsWith('*'))
    return slowGlob(pattern.slice(1), value) || (value !== '' && slowGlob(pattern, value.slice(1)));
  return value !== '' && pattern[0] === value[0] && slowGlob(pattern.slice(1), value.slice(1));
}

export function slowSegments(patterns: string[], values: string[]): boolean {
  const [first, ...rest] = patterns;
  if (first === undefined) return values.length === 0;
  if (first === '**') {
    const least = rest.length === 0 ? 1 : 0;
    for (let count = least; count <= values.length; count += 1)
      if (slowSegments(rest, values.slice(count))) return true;
    return false;
  }
  const [value, ...others] = values;
  if (value === undefined) return false;
  return (first === '*' ? value !== '' : slowGlob(first, value)) && slowSegments(rest, others);
}
