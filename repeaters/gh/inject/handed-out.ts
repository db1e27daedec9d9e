// Addresses that GitHub itself gave in answer to an allowed request: the next page, a redirect to where a file is
// kept, the new place of a renamed repository. gh follows them, and an agent cannot make one up.

import type { IncomingHttpHeaders } from 'node:http';
import { INJECTOR_HANDED_OUT_MAX } from '../../../src/protocol/limits.js';

export class HandedOut {
  /** `METHOD https://…`. */
  readonly #addresses = new Set<string>();

  /** Remember what an answer to `method address` points to. */
  learn(
    { method, address }: { method: string; address: string },
    { status, headers }: { status: number; headers: IncomingHttpHeaders },
  ): void {
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      // 307 and 308 keep the method; the older ones make it a GET.
      this.#add(status >= 307 || method === 'HEAD' ? method : 'GET', headers.location, address);
    }
    if (method !== 'GET' || status !== 200) return;
    const links = [headers['link'] ?? []].flat().join(',');
    for (const match of links.matchAll(/<([^<>\s]{1,4096})>\s*;\s*rel="next"/g))
      this.#add('GET', match[1] ?? '', address);
  }

  #add(method: string, target: string, base: string): void {
    const url = parse(target, base);
    // Redirects over plain HTTP, with a user or to a port are not GitHub's.
    if (url?.protocol !== 'https:' || url.port !== '' || url.username !== '') return;
    if (this.#addresses.size >= INJECTOR_HANDED_OUT_MAX) return;
    this.#addresses.add(`${method} ${url.href}`);
    // gh asks for the archive as the web offers it, without the `legacy.` that the API's redirect has.
    const archive = url.href.replace(/^(https:\/\/codeload\.[^/]+\/[^/]+\/[^/]+\/)legacy\./, '$1');
    this.#addresses.add(`${method} ${archive}`);
  }

  has({ method, address }: { method: string; address: string }): boolean {
    const url = parse(address);
    return url !== undefined && this.#addresses.has(`${method} ${url.href}`);
  }
}

function parse(address: string, base?: string): URL | undefined {
  try {
    const url = new URL(address, base);
    url.hash = '';
    return url;
  } catch {
    // Not an address, so nothing that could be followed.
    return undefined;
  }
}
