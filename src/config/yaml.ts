// The only door to the YAML parser. Out comes a tree of maps, lists and scalars with positions, or problems; everything
// YAML can do beyond JSON and comments (anchors, tags, merge keys, directives, several documents) is refused, because two
// readers of one file must not be able to disagree on what it says.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node as YamlNode } from 'yaml';
import { CONFIG_BYTES_MAX, JSON_DEPTH_MAX } from '../protocol/limits.js';
import type { Problem } from './problem.js';

export interface Place {
  line: number;
  column: number;
}
export interface ScalarNode extends Place {
  is: 'scalar';
  value: string | number | boolean | null;
}
export interface ListNode extends Place {
  is: 'list';
  items: ConfigNode[];
}
export interface MapNode extends Place {
  is: 'map';
  entries: Map<string, { key: Place; value: ConfigNode }>;
}
export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface ParsedYaml {
  /** Absent for an empty file and when the syntax is wrong. Where there are problems, what they are about may be missing in it. */
  root?: ConfigNode;
  problems: Problem[];
}

/** Parses strict YAML 1.2 (JSON is a part of it). Never throws for any bytes. */
export function parseYaml(bytes: Uint8Array, file: string): ParsedYaml {
  if (bytes.byteLength > CONFIG_BYTES_MAX)
    return { problems: [{ file, message: `the file is larger than ${CONFIG_BYTES_MAX} bytes` }] };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problems: [{ file, message: 'the file is not UTF-8' }] };
  }
  const deep = tooDeep(text);
  if (deep) return { problems: [{ file, message: 'the file is nested too deeply' }] };
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    // Doubled keys are found below in one pass; the parser's own search is quadratic.
    document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      uniqueKeys: false,
      merge: false,
      customTags: [],
      lineCounter: lines,
      prettyErrors: false,
      // With 'silent' the parser ignores a second document without a word.
      logLevel: 'error',
    });
  } catch {
    // Only a stack that ran out gets here, and then nothing is known about the file.
    return { problems: [{ file, message: 'the file cannot be parsed' }] };
  }
  const reader = new Reader(file, lines);
  for (const error of [...document.errors, ...document.warnings])
    reader.report(error.pos[0], firstLine(error.message));
  if (document.directives.yaml.explicit === true || /^%/m.test(text))
    reader.report(0, 'directives (lines that start with %) are not supported');
  if (reader.problems.length > 0 || document.contents === null) return { problems: reader.problems };
  const root = reader.read(document.contents, 0);
  return { ...(root === undefined ? {} : { root }), problems: reader.problems };
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  report(offset: number, message: string): void {
    this.problems.push({ file: this.#file, ...this.place(offset), message });
  }

  read(node: YamlNode | null, fallback: number, depth = 0): ConfigNode | undefined {
    const offset = node?.range?.[0] ?? fallback;
    const place = this.place(offset);
    if (node === null) return { is: 'scalar', value: null, ...place };
    const refusal =
      isAlias(node) || ('anchor' in node && node.anchor !== undefined)
        ? 'anchors and aliases are not supported'
        : tagOf(node);
    if (refusal !== undefined) return this.#refuse(offset, refusal);
    if (depth > JSON_DEPTH_MAX) return this.#refuse(offset, 'nested too deeply');
    if (isScalar(node)) return this.#scalar(node.value, offset);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as YamlNode | null, offset, depth + 1));
      return { is: 'list', items: items.filter((item) => item !== undefined), ...place };
    }
    if (!isMap(node)) return this.#refuse(offset, 'not understood');
    const entries: MapNode['entries'] = new Map();
    for (const pair of node.items) {
      const key = this.read(pair.key as YamlNode | null, offset, depth + 1);
      if (key === undefined) continue;
      const value = this.read(pair.value as YamlNode | null, offset, depth + 1);
      if (key.is !== 'scalar' || typeof key.value !== 'string') this.#reportAt(key, 'a key must be a text');
      else if (entries.has(key.value))
        this.#reportAt(key, `the key ${JSON.stringify(key.value)} is there twice`);
      else if (value) entries.set(key.value, { key: { line: key.line, column: key.column }, value });
    }
    return { is: 'map', entries, ...place };
  }

  #scalar(value: unknown, offset: number): ConfigNode | undefined {
    const place = this.place(offset);
    if (
      typeof value === 'number' &&
      (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    ) {
      this.report(offset, 'this number cannot be kept exactly; write it as a text, in quotes');
      return { is: 'scalar', value: 0, ...place };
    }
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean'
    ) {
      return { is: 'scalar', value, ...place };
    }
    return this.#refuse(offset, 'not understood');
  }

  #refuse(offset: number, message: string): undefined {
    this.report(offset, message);
    return undefined;
  }

  #reportAt(place: Place, message: string): void {
    this.problems.push({ file: this.#file, line: place.line, column: place.column, message });
  }
}

function tagOf(node: YamlNode): string | undefined {
  return node.tag === undefined ? undefined : 'tags are not supported';
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.charAt(0).toLowerCase() + line.slice(1).replace(/\.$/, '');
}

/** Counts opening brackets and indentation steps before the recursive parser sees them, quoted ones too: a cheap upper bound. */
function tooDeep(text: string): boolean {
  let flow = 0;
  for (const unit of text) {
    if (unit === '[' || unit === '{') flow += 1;
    else if (unit === ']' || unit === '}') flow = Math.max(0, flow - 1);
    if (flow > FLOW_DEPTH_MAX) return true;
  }
  return /(?:[-?:][ \t]){200}/.test(text);
}

const FLOW_DEPTH_MAX = 200;
