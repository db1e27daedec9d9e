// docs/repeaters.md, run as it is printed there.

import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../repeaters/sdk/conformance/checks.js';
import { launchOf } from '../../repeaters/sdk/conformance/launch.js';
import { runConformance } from '../../repeaters/sdk/conformance/run.js';
import { type Manifest, parseManifest } from '../../src/config/manifest.js';
import { parseConfigFile } from '../../src/config/parse.js';
import { BUILT, RepeaterBench } from '../helpers/repeater-bench.js';
import { makeHome, runTurret } from '../helpers/turret.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/repeaters.md'), 'utf8');
let directory: string;
let manifest: Manifest;

/** The nth fenced block of a language. */
function block(language: string, index = 0): string {
  return (
    [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, name]) => name === language)[index]?.[2] ?? ''
  );
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-docs-'));
  writeFileSync(join(directory, 'ops.sh'), block('bash'));
  chmodSync(join(directory, 'ops.sh'), 0o755);
  writeFileSync(join(directory, 'ops.yaml'), block('yaml', 0));
  for (const name of ['logs', 'queue']) mkdirSync(join(directory, name));
  writeFileSync(join(directory, 'logs/web.log'), 'GET / 200\n');
  const parsed = parseManifest(readFileSync(join(directory, 'ops.yaml')), join(directory, 'ops.yaml'));
  if (parsed.problems.length > 0) throw new Error(JSON.stringify(parsed.problems));
  manifest = parsed.value as Manifest;
});
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

describe('the repeater of docs/repeaters.md', () => {
  it('has ten lines', () => {
    expect(block('bash').trimEnd().split('\n').length).toBeLessThanOrEqual(11);
  });

  it('is one of the agent under turret run, by the turret.yaml beside it', async () => {
    const home = makeHome();
    try {
      cpSync(directory, home.directory, { recursive: true });
      const { stdout, stderr } = await runTurret({
        home,
        config: block('yaml', 1),
        env: { DEPLOY_KEY: 'a key of the operator' },
        command: [
          'sh',
          '-c',
          'turret call ops.logs.read service=web; turret call deploy.service service=web; turret call ops.deploy.service service=worker; echo $?; turret call deploy.service service=mail; echo $?',
        ],
      });
      expect(stdout.toString()).toBe('GET / 200\ndeployment of web is queued\n126\n126\n');
      expect(readFileSync(join(home.directory, 'queue/deploys'), 'utf8')).toMatch(/^web [0-9a-f]{64}\n$/);
      expect(stderr).toContain('denied ops.deploy.service because no rule allows it');
      expect(stderr).toContain('ops.deploy.service: ');
      expect(stderr + stdout.toString()).not.toContain('a key of the operator');
    } finally {
      home.remove();
    }
  });

  it('reads logs, deploys with a key that nobody sees, and refuses the rest', async () => {
    const key = 'a key of the operator';
    const bench = await RepeaterBench.start(manifest, { DEPLOY_KEY: key });
    try {
      expect(await bench.call('logs.read', { service: 'web' })).toMatchObject({
        end: { ok: true, exit: 0 },
        stdout: 'GET / 200\n',
      });
      const missing = await bench.call('logs.read', { service: 'worker' });
      expect(missing).toMatchObject({ end: { ok: true, exit: 1 }, stdout: '' });
      expect(missing.stderr).toContain('logs/worker.log');
      const deployed = await bench.call('deploy.service', { service: 'web' });
      expect(deployed).toMatchObject({ end: { ok: true, exit: 0 }, stdout: 'deployment of web is queued\n' });
      const proof = createHash('sha256').update(`${key}web`).digest('hex');
      expect(readFileSync(join(directory, 'queue/deploys'), 'utf8')).toBe(`web ${proof}\n`);
      expect(await bench.call('deploy.everything', { service: 'web' })).toMatchObject({
        error: 'no_such_action',
      });
      expect(Buffer.concat(bench.subject.written).includes(key)).toBe(false);
    } finally {
      await bench.stop();
    }
  });

  it('fails no check of turret conformance', async () => {
    const results = await runConformance({
      ...launchOf(manifest, BUILT),
      asked: [{ action: 'deploy.service', params: { service: 'web' } }],
      schemaProblem: () => undefined,
    });
    expect(results.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(results.filter(({ verdict }) => verdict === 'not tried').map(({ id }) => id)).toEqual([
      'stdin-credit',
      'stdout-credit',
      'slow-reader',
    ]);
  });

  it('has a turret.yaml without a problem', () => {
    expect(parseConfigFile(Buffer.from(block('yaml', 1)), 'turret.yaml', 'user').problems).toEqual([]);
  });
});

describe('docs/repeaters.md', () => {
  it('lists every check and no other', () => {
    const listed = [...text.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, id]) => id ?? '');
    for (const { id } of CHECKS) expect(listed).toContain(id);
    expect(listed).toContain('secret');
  });

  it('has a Python example that runs', async () => {
    const file = join(directory, 'example.py');
    writeFileSync(file, block('python'));
    writeFileSync(join(directory, 'turret.py'), readFileSync(join(ROOT, 'repeaters/sdk/python/turret.py')));
    const bench = await RepeaterBench.start({
      profile: 'binary',
      command: ['python3', '-B', file],
      directory,
    });
    try {
      expect(await bench.call('say', { text: 'hi' })).toMatchObject({
        end: { ok: true, exit: 0 },
        stdout: 'hi\n',
      });
      expect(await bench.call('count', {}, 'four')).toMatchObject({ stdout: '4\n' });
    } finally {
      await bench.stop();
    }
  });
});
