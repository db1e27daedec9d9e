import { describe, expect, it } from 'vitest';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability } from '../../../src/protocol/messages.js';

const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
function api(...words: string[]): Capability {
  const result = resolveGh({ tool: 'gh', argv: ['api', ...words], cwd: '/home/agent/w' }, context);
  if (!('capabilities' in result)) throw new Error('asks for facts');
  const [capability] = result.capabilities;
  if (!capability) throw new Error('no capability');
  return capability;
}
function isRefused(...words: string[]): boolean {
  try {
    api(...words);
    return false;
  } catch (error) {
    if (error instanceof TurretError) return true;
    throw error;
  }
}

const query = (text: string, ...more: string[]): Capability => api('graphql', '-f', `query=${text}`, ...more);

describe('the method', () => {
  it.each([
    [['repos/acme/app/commits'], 'gh.api.get'],
    [['-X', 'get', 'repos/acme/app/commits', '-f', 'sha=x'], 'gh.api.get'],
    [['-X', 'HEAD', 'repos/acme/app/commits'], 'gh.api.get'],
    [['repos/acme/app/issues', '-f', 'title=x'], 'gh.api.post'],
    [['repos/acme/app/issues', '-F', 'n=1'], 'gh.api.post'],
    [['repos/acme/app/issues', '--input', '-'], 'gh.api.post'],
    [['repos/acme/app/topics', '--method=PUT'], 'gh.api.put'],
    [['repos/acme/app', '-X', 'Patch', '-F', 'private=false'], 'gh.api.patch'],
    [['repos/acme/app', '-X', 'DELETE'], 'gh.api.delete'],
  ])('of %j makes it %s', (words, action) => {
    expect(api(...words).action).toBe(action);
  });
  it('is one of six, and given once', () => {
    expect(isRefused('repos/acme/app', '-X', 'TRACE')).toBe(true);
    expect(isRefused('repos/acme/app', '-X', '')).toBe(true);
    expect(isRefused('repos/acme/app', '-X', 'GET', '-X', 'DELETE')).toBe(true);
    expect(isRefused('repos/acme/app', '-X', 'GET', '--input', '-')).toBe(true);
    expect(isRefused('repos/acme/app/issues', '-f', 'title=x', '--paginate')).toBe(true);
  });
});

describe('the path', () => {
  it.each([
    ['repos/Acme/APP/commits', '/repos/acme/app/commits'],
    ['/repos/acme/app/commits', '/repos/acme/app/commits'],
    ['repos/acme/app/compare/a...b', '/repos/acme/app/compare/a...b'],
    ['repos/acme/app/branches/help%20wanted', '/repos/acme/app/branches/help%20wanted'],
    ['repos/acme/app/commits/%41', '/repos/acme/app/commits/A'],
    ['repos/acme/app/commits/**', '/repos/acme/app/commits/%2A%2A'],
    ['user', '/user'],
  ])('%s is %s', (typed, path) => {
    expect(api(typed)).toMatchObject({ action: 'gh.api.get', params: { path } });
  });
  it.each([
    'https://api.github.com/user',
    'http://evil.example/',
    '//evil.example/x',
    'repos//acme/app',
    'repos/acme/app/',
    'repos/acme/app/../../user',
    'repos/acme/app/./x',
    'repos/acme%2fapp/x',
    'repos/acme/app%2e%2e/x',
    'repos/acme/app/%2e%2e/x',
    'repos/acme/app/%252e/x',
    'repos/acme/app/%00',
    'repos/acme/app/%0a',
    'repos/acme/app/%zz',
    'repos/acme/app/%ff',
    'repos/acme/app#x',
    'repos/acme/app\\x',
    'repos/acme/app/a b',
    'repos/{owner}/{repo}',
    'repos/:owner/:repo',
    'repos/acme/app/branches/{branch}',
    'repos/acme',
    'repos/acme/..',
    'repos/a cme/app',
    'repositories/1',
    'graphql/',
    '/graphql',
    'graphql/x',
    'api/v3/user',
    'user?a=1?b',
    'user?a=b#c',
    'search/issues?q=:owner',
    'users/é',
    '',
    '/',
    '.',
    '..',
  ])('%j is refused', (typed) => {
    expect(isRefused(typed)).toBe(true);
  });
  it('is one word', () => {
    expect(isRefused()).toBe(true);
    expect(isRefused('user', 'repos/acme/app')).toBe(true);
    expect(isRefused('--', 'user')).toBe(true);
  });
});

describe('one capability, whichever way it is typed', () => {
  it.each([
    ['repos/acme/app', 'gh.repo.view', {}],
    ['repos/acme/app/pulls?state=all', 'gh.pr.list', { query: ['state=all'] }],
    ['repos/acme/app/pulls/12', 'gh.pr.view', { number: 12 }],
    ['repos/acme/app/issues/3', 'gh.issue.view', { number: 3 }],
    ['repos/acme/app/releases/tags/v1', 'gh.release.view', { tag: 'v1' }],
    ['repos/acme/app/actions/runs/7', 'gh.run.view', { run_id: 7 }],
    ['repos/acme/app/actions/secrets', 'gh.secret.list', {}],
    ['repos/acme/app/environments/prod/secrets/X', 'gh.secret.list', { environment: 'prod', secret: 'X' }],
    ['repos/acme/app/contents/deploy/id_ed25519', 'gh.repo.read_secret_file', { file: 'deploy/id_ed25519' }],
    ['repos/acme/app/contents/.env', 'gh.repo.read_secret_file', { file: '.env' }],
    ['repos/acme/app/secret-scanning/alerts', 'gh.repo.read_secret_alerts', {}],
    ['repos/acme/app/secret-scanning/alerts/1/locations', 'gh.repo.read_secret_alerts', {}],
    ['repos/acme/app/contents/a/Prod.PEM', 'gh.repo.read_secret_file', { file: 'a/Prod.PEM' }],
    ['repos/acme/app/git/blobs/abc', 'gh.repo.read_blob', {}],
    ['repos/acme/app/zipball/main', 'gh.repo.read_blob', {}],
  ])('%s is %s', (typed, action, params) => {
    expect(api(typed)).toMatchObject({ action, params: { repo: 'acme/app', command: 'api', ...params } });
  });
  it('also where an organization is asked for what leaked', () => {
    expect(api('orgs/acme/secret-scanning/alerts')).toMatchObject({
      action: 'gh.repo.read_secret_alerts',
      annotations: { secretOutput: true },
      unbounded: ['repo'],
    });
  });
  it('but not a write of the same path', () => {
    expect(api('repos/acme/app/pulls', '-f', 'title=x').action).toBe('gh.api.post');
    expect(api('repos/acme/app/pulls/twelve').action).toBe('gh.api.get');
    expect(api('repos/acme/app/contents/README.md').action).toBe('gh.api.get');
  });
});

describe('flags that would leave the plan', () => {
  it.each([
    ['--hostname', 'evil.example'],
    ['--cache', '1h'],
    ['--preview', 'x'],
    ['-p', 'x'],
    ['-H', 'X-HTTP-Method-Override: DELETE'],
    ['-H', 'Authorization: token x'],
    ['-H', 'Host: evil.example'],
    ['-H', 'Accept'],
    ['-H', 'Accept: a\r\nX: b'],
    ['-H', 'Content-Length: 0'],
    ['-F', 'a=@/etc/passwd'],
    ['-F', 'a=@../x'],
    ['-F', 'a={owner}'],
    ['-F', 'a=x:repo'],
    ['-F', 'novalue'],
    ['--input', '/etc/passwd'],
    ['-f', '=x'],
    ['--jq', '.', '--silent'],
  ])('%j %j', (...words) => {
    expect(isRefused('repos/acme/app/issues', '-X', 'POST', ...words)).toBe(true);
  });
  it.each([
    ['-H', 'Accept: application/vnd.github.raw+json'],
    ['-H', 'X-GitHub-Api-Version: 2022-11-28'],
    ['-f', 'a={owner}'],
    ['-f', 'a=@/etc/passwd'],
    ['-F', 'a=@-'],
    ['-F', 'a[b][]=true'],
  ])('but %j %j stays', (...words) => {
    expect(api('repos/acme/app/issues', '-X', 'POST', ...words).action).toBe('gh.api.post');
  });
});

describe('GraphQL', () => {
  it('is told apart by operation and root fields', () => {
    expect(query('{viewer{login}}')).toMatchObject({
      action: 'gh.api.graphql_query',
      params: { fields: ['viewer'] },
      unbounded: ['repo'],
    });
    expect(
      query(
        'mutation{a:deleteRef(input:{refId:"x"}){clientMutationId} ...on Mutation{closeIssue(input:{issueId:"x"}){issue{id}}}}',
      ),
    ).toMatchObject({
      action: 'gh.api.graphql_mutation',
      params: { fields: ['deleteRef', 'closeIssue'] },
      annotations: { readOnly: false, destructive: true },
    });
  });
  it('is bound to a repository by literals or variables', () => {
    const bound = { action: 'gh.api.graphql_query', params: { repo: 'acme/app', fields: ['repository'] } };
    expect(query('{repository(owner:"Acme",name:"app"){issue(number:3){title}}}')).toMatchObject(bound);
    const variables = query(
      'query($o:String!,$n:String="app"){repository(owner:$o,name:$n){name}}',
      '-f',
      'o=acme',
    );
    expect(variables).toMatchObject(bound);
    expect(variables.unbounded).toBeUndefined();
  });
  it.each([
    [
      'two repositories',
      '{a:repository(owner:"acme",name:"app"){name} b:repository(owner:"victim",name:"private"){name}}',
    ],
    ['a second root', '{repository(owner:"acme",name:"app"){name} viewer{login}}'],
    ['a node by id', '{node(id:"R_1"){id}}'],
    [
      'a way out of the repository',
      '{repository(owner:"acme",name:"app"){owner{repositories(first:9){nodes{name}}}}}',
    ],
    ['a file', '{repository(owner:"acme",name:"app"){object(expression:"HEAD:.env"){... on Blob{text}}}}'],
    [
      'a root in a fragment',
      'query{...f} fragment f on Query{repository(owner:"victim",name:"private"){name} viewer{login}}',
    ],
    [
      'a root in a fragment that was met below another root first',
      'query{repository(owner:"acme",name:"app"){...on Node{...f}} ...f} fragment f on Query{a:repository(owner:"victim",name:"private"){name}}',
    ],
    [
      'a variable nobody gave',
      'query($__proto__:X={owner:"acme"}){repository(owner:$owner,name:"app"){name}}',
    ],
    ['a letter that only looks like its lower case', '{repository(owner:"acme",name:"wor\u212a"){name}}'],
  ])('%s is unbounded', (_title, text) => {
    expect(query(text).unbounded).toEqual(['repo']);
  });
  it.each([
    ['nothing', ['graphql']],
    ['a syntax error', ['graphql', '-f', 'query={']],
    ['two operations', ['graphql', '-f', 'query=query A{viewer{login}} mutation B{x}']],
    ['a subscription', ['graphql', '-f', 'query=subscription{x}']],
    ['a document in a file', ['graphql', '-F', 'query=@q.graphql']],
    ['a body', ['graphql', '--input', '-']],
    ['a method', ['graphql', '-X', 'GET', '-f', 'query={viewer{login}}']],
    ['a query twice', ['graphql', '-f', 'query={viewer{login}}', '-F', 'query=mutation{x}']],
    ['a placeholder', ['graphql', '-f', 'query={viewer{login}}', '-F', 'owner={owner}']],
    ['a missing fragment', ['graphql', '-f', 'query={...f}']],
    ['a nested variable', ['graphql', '-f', 'query={viewer{login}}', '-f', 'a[b]=c']],
  ])('%s is refused', (_title, words) => {
    expect(isRefused(...words)).toBe(true);
  });
  it('runs the operation that is named', () => {
    expect(query('query A{viewer{login}} mutation B{x}', '-f', 'operationName=B').action).toBe(
      'gh.api.graphql_mutation',
    );
    expect(isRefused('graphql', '-f', 'query=query A{viewer{login}}', '-f', 'operationName=C')).toBe(true);
  });
  it('does not hang on fragments that spread themselves or each other many times', () => {
    const many = Array.from(
      { length: 60 },
      (_, i) => `fragment f${i} on Query{...f${i + 1} ...f${i + 1} a${i}:viewer{login}}`,
    ).join(' ');
    expect(query(`{...f0} ${many} fragment f60 on Query{...f0 viewer{login}}`).params['fields']).toHaveLength(
      61,
    );
  });
});
