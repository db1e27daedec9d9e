import { describe, expect, it } from 'vitest';
import { checkGraphql, checkRest } from '../../../repeaters/gh/inject/check.js';
import { HandedOut } from '../../../repeaters/gh/inject/handed-out.js';
import { hostRole, plainPath } from '../../../repeaters/gh/inject/hosts.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { allowanceOf } from '../../../repeaters/gh/wire.js';
import type { GhWireAllowance } from '../../../repeaters/gh/types.js';

const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
function allow(line: string): GhWireAllowance[] {
  const result = resolveGh({ tool: 'gh', argv: line.split(' '), cwd: '/w' }, context);
  if (!('capabilities' in result)) throw new Error('asks for facts');
  return result.capabilities.map((capability) => allowanceOf(capability, context));
}
const rest = (line: string, method: string, path: string): boolean =>
  checkRest({ method, path }, allow(line)) === undefined;
const graphql = (line: string, query: string, variables: object = {}): boolean =>
  checkGraphql(JSON.stringify({ query, variables }), allow(line)) === undefined;

describe('REST on the wire', () => {
  it.each<[string, string, string, boolean]>([
    ['run list -R acme/app', 'GET', '/repos/acme/app/actions/runs', true],
    ['run list -R acme/app', 'GET', '/repos/Acme/App/actions/runs', true],
    ['run list -R acme/app', 'GET', '/repos/acme/app', true],
    ['run list -R acme/app', 'POST', '/repos/acme/app/actions/runs', false],
    ['run list -R acme/app', 'GET', '/repos/acme/other/actions/runs', false],
    ['run list -R acme/app', 'GET', '/user', false],
    ['run list -R acme/app', 'GET', '/repos/acme/app/../../user', false],
    ['run list -R acme/app', 'GET', '/repos/acme/app/%2E%2E/x', false],
    ['run list -R acme/app', 'GET', '/repos/acme/app/', false],
    ['run cancel 1 -R acme/app', 'POST', '/repos/acme/app/actions/runs/1/cancel', true],
    ['run cancel 1 -R acme/app', 'POST', '/repos/acme/app/actions/runs/1/rerun', false],
    ['label delete x -R acme/app --yes', 'DELETE', '/repos/acme/app/labels/x', true],
    ['label delete x -R acme/app --yes', 'DELETE', '/repos/acme/app', false],
    ['repo delete acme/app --yes', 'DELETE', '/repos/acme/app', true],
    ['repo delete acme/app --yes', 'DELETE', '/repos/acme/app/labels/x', false],
    ['release upload v1 a -R acme/app', 'POST', '/repos/acme/app/releases/1/assets', true],
    ['release view v1 -R acme/app', 'POST', '/repos/acme/app/releases/1/assets', false],
    ['gist view abc', 'GET', '/gists/abc', true],
    ['gist view abc', 'GET', '/gists/abc/star', false],
    ['search issues x', 'GET', '/search/issues', true],
    ['search issues x', 'GET', '/search/code', false],
    ['api repos/acme/app/pulls', 'GET', '/repos/acme/app/pulls', true],
    ['api repos/acme/app/pulls', 'GET', '/repos/acme/app/pulls/1', false],
    ['api repos/acme/app/branches/**', 'GET', '/repos/acme/app/branches/main', false],
    ['api repos/acme/app/branches/**', 'GET', '/repos/acme/app/branches/%2A%2A', true],
    ['version', 'GET', '/', false],
    ['auth status', 'GET', '/', true],
    ['auth status', 'GET', '/user', false],
    ['auth status', 'POST', '/', false],
    ['run list -R acme/app', 'GET', '/', false],
  ])('gh %s: %s %s is %s', (line, method, path, fits) => {
    expect(rest(line, method, path)).toBe(fits);
  });
});

describe('a search on the wire', () => {
  it.each([
    ['q=crash+repo%3Aacme%2Fapp+type%3Aissue', true],
    ['q=label%3A%22good+%28first%29%22+repo%3Aacme%2Fapp', true],
    ['q=crash+repo%3Aacme%2Fapp+user%3Avictim', false],
    ['q=crash+repo%3Aacme%2Fapp+repo%3Avictim%2Fprivate', false],
    ['q=author%3A%22x%5C%22+repo%3Avictim%2Fprivate+%5C%22%22+repo%3Aacme%2Fapp', false],
    ['q=repo%3Aacme%2Fapp&q=crash', false],
    ['q=crash', false],
    ['', false],
  ])('that was approved for one repository, %s, is %s', (query, fits) => {
    const request = { method: 'GET', path: '/search/issues', query };
    expect(checkRest(request, allow('search issues --repo acme/app x')) === undefined).toBe(fits);
  });
  it('goes anywhere when that was approved', () => {
    const request = { method: 'GET', path: '/search/issues', query: 'q=user%3Avictim' };
    expect(checkRest(request, allow('search issues --owner victim x'))).toBeUndefined();
  });
});

describe('GraphQL on the wire', () => {
  const REPO = 'query($o:String!,$n:String!){repository(owner:$o,name:$n){id}}';
  const acme = { o: 'Acme', n: 'app' };
  it.each<[string, string, string, object, boolean]>([
    ['its repository', 'pr list -R acme/app', REPO, acme, true],
    ['another repository', 'pr list -R acme/app', REPO, { o: 'victim', n: 'private' }, false],
    ['no repository', 'pr list -R acme/app', REPO, {}, false],
    ['a name that is no text', 'pr list -R acme/app', REPO, { o: ['acme'], n: 'app' }, false],
    [
      'both',
      'pr list -R acme/app',
      '{a:repository(owner:"acme",name:"app"){id} b:repository(owner:"victim",name:"x"){id}}',
      {},
      false,
    ],
    [
      'another in a fragment',
      'pr list -R acme/app',
      'query{...f} fragment f on Query{repository(owner:"victim",name:"x"){id}}',
      {},
      false,
    ],
    [
      'another in a fragment that was met below the first',
      'pr list -R acme/app',
      'query{repository(owner:"acme",name:"app"){...on Node{...f}} ...f} fragment f on Query{a:repository(owner:"victim",name:"x"){id}}',
      {},
      false,
    ],
    ['who am I', 'pr list -R acme/app', '{viewer{login}}', {}, true],
    ['a root it never asks', 'pr list -R acme/app', '{enterprise(slug:"x"){id}}', {}, false],
    [
      'its search',
      'pr list -R acme/app',
      'query($q:String!){search(query:$q,type:ISSUE,first:1){issueCount}}',
      { q: 'repo:acme/app is:pr' },
      true,
    ],
    [
      'a search elsewhere',
      'pr list -R acme/app',
      'query($q:String!){search(query:$q,type:ISSUE,first:1){issueCount}}',
      { q: 'repo:victim/x is:pr' },
      false,
    ],
    [
      'a search of both',
      'pr list -R acme/app',
      '{search(query:"repo:acme/app repo:victim/x",type:ISSUE,first:1){issueCount}}',
      {},
      false,
    ],
    [
      'a search of all',
      'pr list -R acme/app',
      '{search(query:"is:pr",type:ISSUE,first:1){issueCount}}',
      {},
      false,
    ],
    ['its organization', 'pr edit 1 -R acme/app', '{organization(login:"Acme"){id}}', {}, true],
    ['another organization', 'pr edit 1 -R acme/app', '{organization(login:"victim"){id}}', {}, false],
    [
      'its search and an owner',
      'pr list -R acme/app',
      '{search(query:"repo:acme/app org:victim",type:ISSUE,first:1){issueCount}}',
      {},
      false,
    ],
    [
      'its search or all',
      'pr list -R acme/app',
      '{search(query:"repo:acme/app x OR y",type:ISSUE,first:1){issueCount}}',
      {},
      false,
    ],
    [
      'a search in no text',
      'pr list -R acme/app',
      '{search(query:["repo:acme/app"],type:ISSUE,first:1){issueCount}}',
      {},
      false,
    ],
    [
      'a mutation for a read',
      'pr list -R acme/app',
      'mutation{closeIssue(input:{issueId:"x"}){issue{id}}}',
      {},
      false,
    ],
    [
      'its mutation',
      'issue close 1 -R acme/app',
      'mutation($input:CloseIssueInput!){closeIssue(input:$input){issue{id}}}',
      {},
      true,
    ],
    [
      'another mutation',
      'issue close 1 -R acme/app',
      'mutation{deleteIssue(input:{issueId:"x"}){clientMutationId}}',
      {},
      false,
    ],
    [
      'another beside its own',
      'issue close 1 -R acme/app',
      'mutation{closeIssue(input:{issueId:"x"}){issue{id}} deleteIssue(input:{issueId:"x"}){clientMutationId}}',
      {},
      false,
    ],
    ['a subscription', 'pr list -R acme/app', 'subscription{viewer{login}}', {}, false],
    ['nothing', 'pr list -R acme/app', '', {}, false],
    ['GraphQL for api', 'api user', '{viewer{login}}', {}, false],
  ])('%s (gh %s) %s %j is %s', (_title, line, query, variables, fits) => {
    expect(graphql(line, query, variables)).toBe(fits);
  });
  it('is one JSON object with the three known members', () => {
    const pr = allow('pr list -R acme/app');
    expect(checkGraphql(JSON.stringify({ query: '{viewer{login}}' }), pr)).toBeUndefined();
    for (const body of [
      '',
      '[]',
      'null',
      '{"query":1}',
      '[{"query":"{viewer{login}}"}]',
      '{"query":"{viewer{login}}","extensions":{}}',
    ]) {
      expect(checkGraphql(body, pr)).toMatch(/not understood/);
    }
  });
});

describe('addresses that GitHub gave', () => {
  const asked = { method: 'GET', address: 'https://api.github.com/repos/acme/app/pulls' };
  it('are followed as they are, and no other', () => {
    const out = new HandedOut();
    out.learn(asked, {
      status: 200,
      headers: {
        link: '<https://api.github.com/repositories/1/pulls?page=2>; rel="next", <https://api.github.com/x>; rel="last"',
      },
    });
    out.learn(asked, { status: 302, headers: { location: 'https://objects.githubusercontent.com/a?sig=1' } });
    const has = (address: string, method = 'GET'): boolean => out.has({ method, address });
    expect(has('https://api.github.com/repositories/1/pulls?page=2')).toBe(true);
    expect(has('https://objects.githubusercontent.com/a?sig=1')).toBe(true);
    expect(has('https://api.github.com/repositories/1/pulls?page=3')).toBe(false);
    expect(has('https://api.github.com/x')).toBe(false);
    expect(has('https://objects.githubusercontent.com/a?sig=2')).toBe(false);
    expect(has('https://objects.githubusercontent.com/a?sig=1', 'DELETE')).toBe(false);
  });
  it('do not change the method, the scheme or the port', () => {
    const out = new HandedOut();
    const post = { method: 'POST', address: asked.address };
    out.learn(post, { status: 307, headers: { location: '/repositories/1/pulls' } });
    out.learn(post, { status: 303, headers: { location: '/repositories/2/pulls' } });
    out.learn(post, { status: 200, headers: { link: '<https://api.github.com/y>; rel="next"' } });
    out.learn(asked, { status: 302, headers: { location: 'http://api.github.com/z' } });
    out.learn(asked, { status: 302, headers: { location: 'https://api.github.com:8443/z' } });
    expect(out.has({ method: 'POST', address: 'https://api.github.com/repositories/1/pulls' })).toBe(true);
    expect(out.has({ method: 'GET', address: 'https://api.github.com/repositories/2/pulls' })).toBe(true);
    expect(out.has({ method: 'POST', address: 'https://api.github.com/repositories/2/pulls' })).toBe(false);
    for (const path of ['/y', '/z'])
      expect(out.has({ method: 'GET', address: `https://api.github.com${path}` })).toBe(false);
    expect(out.has({ method: 'GET', address: 'http://api.github.com/z' })).toBe(false);
  });
});

describe('hosts', () => {
  it.each([
    ['api.github.com', 'api'],
    ['API.github.com', 'api'],
    ['uploads.github.com', 'uploads'],
    ['codeload.github.com', 'archive'],
    ['objects.githubusercontent.com', 'download'],
    ['results-receiver.actions.githubusercontent.com', 'download'],
    ['productionresultssa1.blob.core.windows.net', 'download'],
    ['github.com', undefined],
    ['evil.github.com', undefined],
    ['api.github.com.evil.example', undefined],
    ['api.github.com:443', undefined],
    ['', undefined],
    ['a.b.blob.core.windows.net', undefined],
    ['xgithubusercontent.com', undefined],
  ])('%s is %s', (header, role) => {
    expect(hostRole(header, 'github.com')).toBe(role);
  });
  it('of an enterprise server have the API below /api', () => {
    expect(hostRole('ghe.example', 'ghe.example')).toBe('api');
    expect(hostRole('api.github.com', 'ghe.example')).toBeUndefined();
    expect(plainPath('/api/v3/repos/a/b', 'ghe.example')).toBe('/repos/a/b');
    expect(plainPath('/api/graphql', 'ghe.example')).toBe('/graphql');
    expect(plainPath('/api/v3/repos/a/b', 'github.com')).toBe('/api/v3/repos/a/b');
  });
});
