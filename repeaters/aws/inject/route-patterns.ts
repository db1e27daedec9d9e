// The REST routes of one service model, ready to be matched against requests.

import type { WireService } from '../tables/types.js';

export interface Route {
  method: string;
  path: RegExp;
  /** Segments of the path that are fixed words. */
  words: number;
  /** Fixed query markers: name, and its value when the model has one. */
  markers: [name: string, value: string | undefined][];
  /** Query members and headers that must be there. */
  queries: string[];
  headers: string[];
  operation: string;
  /** Equal for operations whose requests nobody can tell apart. */
  request: string;
}

const compiled = new WeakMap<WireService, Route[]>();

/** Compiled once per service: the whole table would cost a tenth of a second at start. */
export function routesOf(service: WireService): Route[] {
  let routes = compiled.get(service);
  if (!routes) {
    routes = (service.r ?? []).map(compile);
    compiled.set(service, routes);
  }
  return routes;
}

function compile([method, uri, operation, required = []]: [string, string, string, string[]?]): Route {
  const mark = uri.indexOf('?');
  const path = mark < 0 ? uri : uri.slice(0, mark);
  const markers =
    mark < 0
      ? []
      : uri
          .slice(mark + 1)
          .split('&')
          .map(toMarker);
  const source = path
    .split(/(\{[^}]*\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      return part.endsWith('+}') ? '.+' : '[^/]+';
    })
    .join('');
  return {
    method,
    path: new RegExp(`^${source}$`),
    words: path.split('/').filter((part) => part !== '' && !part.includes('{')).length,
    markers,
    queries: required.filter((name) => name.startsWith('q:')).map((name) => name.slice(2)),
    headers: required.filter((name) => name.startsWith('h:')).map((name) => name.slice(2).toLowerCase()),
    operation,
    request: [method, uri, ...required].join(' '),
  };
}

function toMarker(marker: string): [string, string | undefined] {
  const at = marker.indexOf('=');
  return at < 0 ? [marker, undefined] : [marker.slice(0, at), marker.slice(at + 1)];
}
