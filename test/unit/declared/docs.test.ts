// docs/declared-clis.md: its manifest and its configuration are what it says.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { resolveDeclared } from '../../../repeaters/declared/resolve.js';
import { toolOf } from '../../../repeaters/declared/tool.js';
import { parseManifest } from '../../../src/config/manifest.js';
import { parseConfigFile } from '../../../src/config/parse.js';

const text = readFileSync(new URL('../../../docs/declared-clis.md', import.meta.url), 'utf8');
const [config = '', manifest = ''] = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
  ([, block]) => block ?? '',
);

it('the turret.yaml of docs/declared-clis.md has no problem', () => {
  expect(parseConfigFile(Buffer.from(config), 'turret.yaml', 'user').problems).toEqual([]);
});

it('the manifest of docs/declared-clis.md declares what it says', () => {
  const { value, problems } = parseManifest(Buffer.from(manifest), 'ticket.yaml');
  expect(problems).toEqual([]);
  const declared = { name: 'ticket', tools: ['ticket'], tool: toolOf(value ?? {}) };
  const resolve = (words: string) =>
    resolveDeclared({ tool: 'ticket', argv: words.split(' '), cwd: '/w' }, declared);
  expect(resolve('issue ls --all-projects').capabilities[0]).toMatchObject({
    action: 'ticket.list',
    params: { all_projects: true },
    unbounded: ['project'],
  });
  expect(resolve('-p api issue attach 7 log.txt')).toMatchObject({
    capabilities: [{ action: 'ticket.attach', params: { project: 'api', issue: 7, file: 'log.txt' } }],
    needs: { files: [{ path: 'log.txt', use: 'read', tree: false }] },
  });
  expect(() => resolve('login')).toThrow('it is not for agents');
});
