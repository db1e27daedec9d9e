import { describe, expect, it } from 'vitest';
import { resolveRequest } from '../../../repeaters/host/resolve-request.js';
import type { ResolveResult } from '../../../src/protocol/messages.js';
import { codeOf } from '../protocol/vectors.js';

const registered = {
  name: 'ops',
  tools: ['ops', 'deploy'],
  actions: [
    {
      name: 'deploy.service',
      params: {
        type: 'object',
        properties: {
          service: { type: 'string' },
          dry_run: { type: 'boolean' },
          count: { type: 'integer' },
          tags: { type: 'array', items: { type: 'string' } },
        },
      },
    },
    { name: 'logs.read', stdin: true, annotations: { readOnly: true } },
  ],
};

function resolve(tool: string, ...argv: string[]): ResolveResult {
  return resolveRequest({ tool, argv, cwd: '/' }, registered);
}
function paramsOf(...words: string[]): unknown {
  const result = resolve('ops', 'deploy', 'service', ...words);
  return 'capabilities' in result ? result.capabilities[0]?.params : result;
}

describe('a command line of a declared tool', () => {
  it('is the action its words spell, with the params its options name', () => {
    expect(resolve('ops', 'logs', 'read')).toMatchObject({
      capabilities: [
        { action: 'ops.logs.read', params: {}, annotations: { readOnly: true, destructive: true } },
      ],
      needs: { stdin: true, files: [] },
    });
    expect(paramsOf('--service', 'web', '--dry-run', '--count=3', '--tags', 'a', '--tags=b')).toEqual({
      service: 'web',
      dry_run: true,
      count: 3,
      tags: ['a', 'b'],
    });
    // A tool that is the first word of its actions need not say it twice.
    expect(resolve('deploy', 'service')).toMatchObject({ capabilities: [{ action: 'ops.deploy.service' }] });
  });

  it('takes a value as it is, whatever it looks like', () => {
    expect(paramsOf('--service', '--dry-run')).toEqual({ service: '--dry-run' });
    expect(paramsOf('--service=a=b $(id)')).toEqual({ service: 'a=b $(id)' });
    expect(paramsOf('--service=')).toEqual({ service: '' });
    expect(paramsOf('--dry-run=false')).toEqual({ dry_run: false });
  });

  it.each([
    [['deploy']],
    [['deploy', 'service', 'web']],
    [['deploy', 'service', 'now', '--service', 'web']],
    [['deploy', 'service', '--service', 'web', 'more']],
    [['deploy', 'service', '-s', 'web']],
    [['deploy', 'service', '--serv', 'web']],
    [['deploy', 'service', '--constructor', 'web']],
    [['deploy', 'service', '--service']],
    [['deploy', 'service', '--service', 'a', '--service', 'b']],
    [['deploy', 'service', '--count', 'three']],
    [['deploy', 'service', '--count', '0x10']],
    [['deploy', 'service', '--count', '9007199254740993']],
    [['deploy', 'service', '--count', '9'.repeat(400)]],
    [['deploy', 'service', '--dry-run=yes']],
    [['deploy', 'service', '--']],
    [['--help']],
    [[]],
  ])('%j is refused', (argv) => {
    expect(codeOf(() => resolve('ops', ...argv))).toBe('unresolvable');
  });

  it('of a tool that is not declared is refused', () => {
    expect(codeOf(() => resolve('kubectl', 'logs', 'read'))).toBe('unresolvable');
  });

  it('may be an action by name, if it is declared', () => {
    const params = { service: 'web' };
    expect(resolveRequest({ action: 'ops.deploy.service', params }, registered)).toMatchObject({
      capabilities: [{ params }],
    });
    const others = ['ops.deploy.everything', 'xyz.deploy.service', 'deploy.service', 'ops'];
    const codes = others.map((action) => codeOf(() => resolveRequest({ action, params }, registered)));
    expect(codes).toEqual(others.map(() => 'no_such_action'));
  });
});
