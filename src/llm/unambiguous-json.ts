// JSON of a request that somebody else will read again. JSON.parse lets the last of two equal keys win; the upstream may
// take the first, and would then do something else than was decided on.

import type { JsonObject } from '../protocol/messages.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The object, or the reason why these bytes do not mean one object to everybody. */
export function parseUnambiguous(bytes: Uint8Array): JsonObject | string {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    // Neither error says more than that.
    return 'the body is not JSON in UTF-8';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the body is not a JSON object';
  return hasDoubledKey(text) ? 'the body has a key twice' : (value as JsonObject);
}

// `text` is valid JSON here.
function hasDoubledKey(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at];
    if (unit === '{' || unit === '[') {
      open.push(unit === '{' ? new Set() : undefined);
      keyNext = unit === '{';
    } else if (unit === '}' || unit === ']') {
      open.pop();
      keyNext = false;
    } else if (unit === ',') {
      keyNext = open.at(-1) !== undefined;
    } else if (unit === '"') {
      const end = endOfString(text, at);
      const keys = keyNext ? open.at(-1) : undefined;
      if (keys !== undefined) {
        const key = JSON.parse(text.slice(at, end)) as string;
        if (keys.has(key)) return true;
        keys.add(key);
      }
      keyNext = false;
      at = end - 1;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ;) {
    const quote = text.indexOf('"', at);
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}
