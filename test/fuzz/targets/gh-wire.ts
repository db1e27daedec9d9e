// What gh may say to GitHub: paths, and what a GraphQL document asks for.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { readGraphql } from '../../../repeaters/gh/graphql/document.js';
import { checkGraphql, checkRest } from '../../../repeaters/gh/inject/check.js';
import { hostRole } from '../../../repeaters/gh/inject/hosts.js';
import { parseApiPath } from '../../../repeaters/gh/resolve/api-path.js';
import { parseRemoteUrl, parseRepo, repoName } from '../../../repeaters/gh/resolve/repo-name.js';
import type { GhWireAllowance } from '../../../repeaters/gh/types.js';
import { mutated, pieced, word } from '../arbitraries/text.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';
import { graphqlRequests } from '../arbitraries/graphql.js';

const path = pieced([
  '/', '/', 'repos', 'acme', 'app', 'ACME', 'pulls', '1', '..', '.', '%2e', '%2F', '%2f', '%41', '%25', '%', '?', '&', '=', '#', ';', '\\',
  'graphql', 'api', 'v3', 'repositories', '{owner}', ':owner', '://', 'contents', '.env', '~', '*', '(', '%C3%A9', '%E2%84%AA', '@', ':',
], 12); // prettier-ignore
const somewhere = fc.oneof(
  path,
  path.map((text) => `repos/acme/app/${text}`),
  path.map((text) => `/repos/${text}`),
);

const ALLOW: GhWireAllowance = {
  repos: ['acme/app'],
  routes: [
    'GET /repos/{repo}',
    'GET /repos/{repo}/**',
    'POST /repos/{repo}/issues',
    'GET /gists/*',
    'GET /user',
  ],
  mutations: ['addComment'],
  queries: ['viewer', 'search'],
  searchScoped: true,
};

const paths = counter();
const routes = counter();
const documents = counter();
const sent = counter();
const repos = counter();

/** Where any reader of the path ends up: dots folded, escapes undone. */
function endsAt(text: string): string {
  const url = new URL(`https://api.github.com${text}`);
  equal(url.host, 'api.github.com');
  return url.pathname;
}

export const GH_WIRE: FuzzTarget[] = [
  {
    name: 'gh/api-path',
    claim: 'an endpoint is refused or has one spelling, which every reader of URLs takes the same way',
    cases: 1500,
    taken: paths.taken,
    property: fc.property(somewhere, (endpoint) => {
      const parsed = refusedOr(['unresolvable'], () => parseApiPath(endpoint));
      if (!parsed) return;
      paths.add();
      equal(endsAt(parsed.path), parsed.path);
      deepEqual(parsed.path.slice(1).split('/').map(decodeURIComponent), parsed.segments);
      ok(
        parsed.segments.every(
          (segment) => segment !== '' && segment !== '.' && segment !== '..' && !/[/\\]/.test(segment),
        ),
      );
      if (parsed.segments[0] === 'repos') equal(parsed.repo, parsed.segments.slice(1, 3).join('/'));
      const query = parsed.query.length === 0 ? '' : `?${parsed.query.join('&')}`;
      deepEqual(parseApiPath(parsed.path + query), parsed);
    }),
  },
  {
    name: 'gh/rest-request',
    claim: 'a path that passes stays below what was allowed for every reader of it',
    cases: 1500,
    taken: routes.taken,
    property: fc.property(fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD'), somewhere, fc.boolean(), (method, text, slash) => {
      const asked = `${slash && !text.startsWith('/') ? '/' : ''}${text}`.replace(/\?.*$/s, '');
      if (checkRest({ method, path: asked }, [ALLOW]) !== undefined) return;
      routes.add();
      ok(/^\/(repos\/acme\/app(\/|$)|gists\/[^/]+$|user$)/i.test(endsAt(asked)), asked);
      ok(method === 'GET' || (method === 'POST' && /^\/repos\/acme\/app\/issues$/i.test(asked)));
    }), // prettier-ignore
  },
  {
    name: 'gh/graphql',
    claim:
      'root fields and their arguments are those of a slow reader, whatever aliases, fragments and variables do',
    cases: 400,
    taken: documents.taken,
    property: fc.property(graphqlRequests, ({ query, variables, roots, names }) => {
      const read = readGraphql(query, variables);
      if (!read) return;
      documents.add();
      const show = (root: { name: string; args: Record<string, unknown> }) => JSON.stringify([root.name, Object.entries(root.args)]);
      deepEqual(read.roots.map(show).sort(), roots.map(show).sort());
      deepEqual([...read.below].sort(), names);
    }), // prettier-ignore
  },
  {
    name: 'gh/graphql-request',
    claim: 'a body passes only when each of its root fields is allowed, of the allowed repository',
    cases: 400,
    taken: sent.taken,
    property: fc.property(graphqlRequests, ({ query, variables, operation, roots }) => {
      const body = JSON.stringify({ query, variables });
      if (checkGraphql(body, [ALLOW]) !== undefined) return;
      sent.add();
      ok(operation !== 'subscription');
      for (const { name, args } of roots) {
        if (operation === 'mutation') equal(name, 'addComment');
        else if (name === 'repository')
          equal(`${String(args['owner'])}/${String(args['name'])}`.toLowerCase(), 'acme/app');
        else ok(['viewer', 'search'].includes(name), name);
      }
    }),
  },
  {
    name: 'gh/graphql-hostile',
    claim: 'any bytes as a GraphQL request are an answer, not a crash',
    cases: 250,
    property: fc.property(
      fc.oneof(
        pieced(['{', '}', '(', ')', '[', ']', '$a', ':', '...', 'on', 'query', 'mutation', 'fragment F on Q', 'repository', 'owner', '"acme"', '"""', '@skip(if:true)', '#', '\n', '=', '!', '__proto__', '"\\u0000"']),
        mutated(graphqlRequests.map(({ query }) => Buffer.from(query))).map((bytes) => bytes.toString()),
        fc.tuple(fc.constantFrom('{a', '{a(b:[', '{a(b:{c:', '[', '{...on Q'), fc.nat(30_000)).map(([piece, count]) => piece.repeat(count)),
      ),
      (query) => {
        readGraphql(query, {});
        checkGraphql(JSON.stringify({ query }), [ALLOW]);
        checkGraphql(query, [ALLOW]);
      },
    ), // prettier-ignore
  },
  {
    name: 'gh/repo-name',
    claim: 'a repository is two ASCII names on the configured host, and reads as itself again',
    cases: 1500,
    taken: repos.taken,
    property: fc.property(
      fc.oneof(word, pieced(['acme', 'app', '/', '/', ':', 'github.com', 'https://', 'git@', '.git', '..', '.', '\u212a', '%2f', '@', '?', '#', 'www.', ' ', '-', ':443'], 7)),
      (text) => {
        const named = refusedOr(['unresolvable'], () => parseRepo(text, 'github.com'));
        const remote = parseRemoteUrl(text, 'github.com');
        const [owner = '', name = ''] = text.split('/');
        for (const [repo, from] of [
          [named, text],
          [remote, text],
          [repoName(owner, name), owner + name],
        ] as const) {
          if (repo === undefined) continue;
          repos.add();
          ok(/^[\u0021-\u007e]*$/.test(from), `${JSON.stringify(from)} is not ASCII`);
          equal(parseRepo(repo, 'github.com'), repo);
        }
        hostRole(text, 'github.com');
      },
    ), // prettier-ignore
  },
];
