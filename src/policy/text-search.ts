// Finding a text in a text in time linear in both. `String.prototype.indexOf` promises no such thing, and both the
// pattern (a project file) and the value (a param) can be chosen by whoever wants the broker to stall.

/** Returns the index of the first occurrence of one fixed text at or after `from`, or -1. Knuth-Morris-Pratt. */
export function compileSearch(wanted: string): (text: string, from: number) => number {
  const borders = borderLengths(wanted);
  return (text, from) => {
    if (wanted.length === 0) return from <= text.length ? from : -1;
    let matched = 0;
    for (let index = from; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      while (matched > 0 && wanted.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0;
      if (wanted.charCodeAt(matched) === unit) matched += 1;
      if (matched === wanted.length) return index - matched + 1;
    }
    return -1;
  };
}

/** For each prefix of the text: the length of its longest proper prefix that is also its suffix. */
function borderLengths(text: string): Uint32Array {
  const borders = new Uint32Array(text.length);
  let length = 0;
  for (let index = 1; index < text.length; index += 1) {
    while (length > 0 && text.charCodeAt(index) !== text.charCodeAt(length))
      length = borders[length - 1] ?? 0;
    if (text.charCodeAt(index) === text.charCodeAt(length)) length += 1;
    borders[index] = length;
  }
  return borders;
}
