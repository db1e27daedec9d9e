// Which hosts a declared tool may reach: those its manifest names, or those that its credential files name.

import { TurretError } from '../../src/errors.js';

export interface Target {
  /** Lower case; an IPv6 address without brackets. */
  host: string;
  port: number;
  /** Where it is reached, when that is not what its name leads to. */
  at?: { host: string; port: number };
}

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };
/** Quotes, brackets and commas end a URL in YAML, JSON and ini files alike. */
const URLS = /\bhttps?:\/\/[^\s"'<>{}()|\\^`,;]+/gi;

/** Hosts of the http and https URLs in a text, each once. */
export function hostsIn(text: string): Target[] {
  const found = new Map<string, Target>();
  for (const [url] of text.matchAll(URLS)) {
    if (!URL.canParse(url)) continue;
    const { protocol, hostname, port } = new URL(url);
    const target = {
      host: bare(hostname),
      port: port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port),
    };
    found.set(nameOf(target), target);
  }
  return [...found.values()];
}

/** `kube.example.com:6443`, or `kube.example.com:6443=10.0.0.5:6443`. @throws TurretError `manifest_invalid` */
export function targetOf(text: string): Target {
  const [name = '', ...places] = text.split('=').map(addressOf);
  const [at, ...more] = places;
  if (name !== '' && at !== '' && more.length === 0) return { ...name, ...(at === undefined ? {} : { at }) };
  throw new TurretError('manifest_invalid', `network: ${JSON.stringify(text)} is not a host and a port`, {
    hints: ['write kube.example.com:6443'],
  });
}

function addressOf(text: string): { host: string; port: number } | '' {
  const [, host = '', digits = ''] = /^(.+):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return host !== '' && port > 0 && port < 65_536 ? { host: bare(host), port } : '';
}

/** As it stands in a CONNECT. */
export function nameOf({ host, port }: Pick<Target, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function isLoopback({ host }: Target): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host.startsWith('127.');
}

function bare(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}
