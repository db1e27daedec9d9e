// Which files exist for a program that is shut in: what has been shown, at the place where it is, and every link on the
// way to it. Everything else is not hidden, it is not there.

import { lstatSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** As the kernel: more links than this on the way to one file are a loop. */
const LINKS_MAX = 40;

/** Collects arguments for bubblewrap. */
export class View {
  readonly words: string[];
  /** What is mounted to be read. */
  readonly sources: string[];
  readonly #shown: Set<string>;

  /** @param other what it shows is shown, too */
  constructor(other?: View) {
    this.words = [...(other?.words ?? [])];
    this.sources = [...(other?.sources ?? [])];
    this.#shown = new Set(other === undefined ? [] : other.#shown);
  }

  /** Read-only. What does not exist, or is not ours to see, is left out. */
  show(path: string): void {
    const real = this.#follow(path, 0);
    if (real === undefined || this.#isShown(real)) return;
    this.sources.push(real);
    this.#add(real, ['--ro-bind', real, real]);
  }

  /** Writable. */
  share(path: string): void {
    const real = this.#follow(path, 0);
    if (real !== undefined) this.#add(real, ['--bind', real, real]);
  }

  /** Shows every link on the way. @returns what it comes to */
  #follow(path: string, links: number): string | undefined {
    const parts = path.split('/').filter((part) => part !== '');
    let at = '/';
    for (const [index, part] of parts.entries()) {
      const here = join(at, part);
      const found = lookAt(here);
      if (found === undefined || links > LINKS_MAX) return undefined;
      if (found !== 'link') {
        at = here;
        continue;
      }
      const target = readlinkSync(here);
      if (!this.#isShown(here)) this.#add(here, ['--symlink', target, here]);
      return this.#follow(join(resolve(at, target), ...parts.slice(index + 1)), links + 1);
    }
    return at;
  }

  /** Itself, or as part of a directory. */
  #isShown(path: string): boolean {
    const parts = path.split('/');
    return parts.some((_part, index) => this.#shown.has(parts.slice(0, index + 1).join('/')));
  }

  #add(path: string, words: string[]): void {
    this.#shown.add(path);
    this.words.push(...words);
  }
}

function lookAt(path: string): 'link' | 'other' | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'other';
  } catch {
    // Not there, or in a directory that we may not enter: the program could not either.
    return undefined;
  }
}
