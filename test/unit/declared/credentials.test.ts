import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { giveCredentials, readCredentials, secretsIn } from '../../../repeaters/declared/give.js';
import { hostsIn, isLoopback, nameOf, targetOf } from '../../../repeaters/declared/hosts.js';
import { makePlace } from '../../../repeaters/declared/place.js';

const KUBECONFIG = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t
    server: https://Kube.Example.com:6443/
  name: one
- cluster: {server: "https://[::1]:8443"}
- cluster: {server: https://127.0.0.1:45123}
users:
- user:
    token: sha256~dGhlLXRva2Vu
    password: hunter22hunter22
`;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-give-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the credentials of a declared tool', () => {
  it('are put where the manifest says, for the owner alone, and go with the call', async () => {
    writeFileSync(join(directory, 'key.json'), '{"key": 1}');
    const sources = {
      give: [
        { secret: 'A', env: 'TOOL_A' },
        { secret: 'B', path_env: 'TOOL_B' },
        { file: 'key.json', path_option: '--key' },
        { file: join(directory, 'key.json'), path_option: '-k' },
        { secret: 'A', home_file: '.config/tool/rc' },
      ],
      secrets: { A: 'value of a', B: 'value of b' },
      directory,
    };
    const place = await makePlace(directory);
    const given = await giveCredentials(await readCredentials(sources), place);
    const [option = '', ...more] = given.argv;
    const [key, path = ''] = option.split('=');
    expect([key, more[0], given.env['TOOL_A']]).toEqual(['--key', '-k', 'value of a']);
    expect(readFileSync(path, 'utf8')).toBe('{"key": 1}');
    expect(readFileSync(more[1] ?? '', 'utf8')).toBe('{"key": 1}');
    expect(readFileSync(given.env['TOOL_B'] ?? '', 'utf8')).toBe('value of b');
    expect(readFileSync(join(place.home, '.config/tool/rc'), 'utf8')).toBe('value of a');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(given.argv.join(' ')).not.toContain('value of');
    await place.remove();
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it.each([
    [{ secret: 'C', env: 'X' }, 'the credential C is not there'],
    [{ file: 'nothing', env: 'X' }, 'nothing cannot be read (ENOENT)'],
    [{ file: '.', env: 'X' }, 'cannot be read (EISDIR)'],
  ])('%j that is not there is named', async (credential, message) => {
    await expect(readCredentials({ give: [credential], secrets: {}, directory })).rejects.toThrow(message);
  });

  it('are told from what surrounds them, to be taken out of what the tool prints', () => {
    expect(secretsIn(KUBECONFIG)).toEqual([
      'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t',
      'sha256~dGhlLXRva2Vu',
      'hunter22hunter22',
    ]);
    expect(secretsIn('  a single value with\u00a0none\n'.trim().replaceAll(/\s/g, '-'))).toHaveLength(1);
  });
});

describe('the hosts of a declared tool', () => {
  it('are those of the URLs in its credential file', () => {
    expect(hostsIn(KUBECONFIG).map(nameOf)).toEqual([
      'kube.example.com:6443',
      '[::1]:8443',
      '127.0.0.1:45123',
    ]);
    expect(hostsIn(KUBECONFIG).map(isLoopback)).toEqual([false, true, true]);
    expect(hostsIn('see http://a.test and https://user:pw@b.test/x?y').map(nameOf)).toEqual([
      'a.test:80',
      'b.test:443',
    ]);
  });

  it('or those it names, with the place where they are reached', () => {
    expect(targetOf('Kube.test:6443')).toEqual({ host: 'kube.test', port: 6443 });
    expect(targetOf('kube.test:1=[::1]:2')).toEqual({
      host: 'kube.test',
      port: 1,
      at: { host: '::1', port: 2 },
    });
    for (const wrong of ['kube.test', 'kube.test:0', 'kube.test:65536', ':1', 'a:1=b', 'a:1=b:2=c:3', '=a:1'])
      expect(() => targetOf(wrong)).toThrow('not a host and a port');
  });
});
