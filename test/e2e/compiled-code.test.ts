// What is kept for the next start: taken when it is ours, made anew when it is not, and out of every agent's reach.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { World } from '../helpers/turret-world.js';

let world: World;
let kept: string;
beforeEach(() => {
  world = new World();
  kept = join(world.state, 'compiled/run');
});
afterEach(() => world.close());

async function runs(): Promise<void> {
  const ran = await world.run(['turret', 'call', 'echo.say', 'text=called'], ['-q']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout.toString()).toBe('called\n');
}

test('it is written once, by a session and by a command, and taken from then on', async () => {
  await runs();
  const written = statSync(kept);
  await runs();
  expect(statSync(kept)).toMatchObject({ ino: written.ino, mtimeMs: written.mtimeMs });
  expect((await world.turret('audit')).code).toBe(0);
  const commands = statSync(join(world.state, 'compiled/commands'));
  expect((await world.turret('audit')).code).toBe(0);
  expect(statSync(join(world.state, 'compiled/commands')).ino).toBe(commands.ino);
  expect(readdirSync(join(world.state, 'compiled')).sort()).toEqual(['commands', 'run']);
});

/** With a digest that holds, as somebody makes it who may write there. */
function rewritten(change: (content: Buffer) => Buffer): void {
  const content = change(readFileSync(kept).subarray(32));
  writeFileSync(kept, Buffer.concat([createHash('sha256').update(content).digest(), content]));
}

test('what is damaged, of another text or of another Node is not taken, and made anew', async () => {
  await runs();
  const whole = readFileSync(kept);
  const header = (content: Buffer): string => content.toString('utf8', 0, content.indexOf('\n'));
  const replaced = (from: RegExp, to: string) => (content: Buffer) =>
    Buffer.concat([Buffer.from(header(content).replace(from, to)), content.subarray(content.indexOf('\n'))]);
  const wrong: (() => void)[] = [
    () => writeFileSync(kept, whole.subarray(0, 100)),
    () =>
      writeFileSync(
        kept,
        whole.map((byte, at) => (at > 5_000 && at % 1_000 === 0 ? byte ^ 1 : byte)),
      ),
    () => rewritten(replaced(/"by":"v\d+/, '"by":"v1')),
    // Every piece of another text: V8 would crash of it, or run something else.
    () => rewritten(replaced(/"[0-9a-f]{64}"/g, `"${'0'.repeat(64)}"`)),
    () => rmSync(kept),
  ];
  for (const damage of wrong) {
    damage();
    const before = existsSync(kept) ? readFileSync(kept) : Buffer.alloc(0);
    // oxlint-disable-next-line no-await-in-loop -- one session after the other
    await runs();
    expect(readFileSync(kept).equals(before)).toBe(false);
    expect(readFileSync(kept).length).toBeGreaterThan(100_000);
  }
});

test('a state directory that cannot be written is no reason to fail here', async () => {
  mkdirSync(world.state, { recursive: true });
  writeFileSync(join(world.state, 'compiled'), 'a file');
  await runs();
  expect(statSync(join(world.state, 'compiled')).isFile()).toBe(true);
});

// The next session would run it, outside of any sandbox, with the user's keys.
test.each(['namespaced', 'strict'])(
  'at %s an agent that may write all around it cannot put another one there',
  async (level) => {
    writeFileSync(world.config, `${readFileSync(world.config, 'utf8')}home: { allow: [.local] }\n`);
    await runs();
    const before = readFileSync(kept);
    const script = `cd ~/.local && touch mine && ls -A state/turret; echo x > state/turret/compiled/run
    mv state/turret state/aside; mv state aside; mv ~/.local ~/aside; mkdir -p state/turret/compiled && echo x > state/turret/compiled/run; true`;
    const ran = await world.run(['sh', '-c', script], ['-q', `--isolation=${level}`]);
    expect(ran.code).toBe(0);
    expect(ran.stdout.toString()).toBe('');
    expect(existsSync(join(world.home, '.local/mine'))).toBe(true);
    expect(readFileSync(kept).equals(before)).toBe(true);
  },
);

test('at landlock no session starts where an agent could', async () => {
  writeFileSync(world.config, `${readFileSync(world.config, 'utf8')}home: { allow: [.local] }\n`);
  const ran = await world.run(['touch', 'ran'], ['--isolation=landlock']);
  expect(ran.code).toBe(126);
  expect(existsSync(join(world.workspace, 'ran'))).toBe(false);
});
