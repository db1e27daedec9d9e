// The repository checks itself: who may import whom, which package has which door, what must not be written at all.
// A rule here has been seen to fail.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function walk(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const SOURCES = ['src', 'shims', 'repeaters'].flatMap(walk).filter((path) => path.endsWith('.ts'));
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g;

interface Import {
  from: string;
  to: string;
}
const IMPORTS: Import[] = SOURCES.flatMap((from) =>
  [...text(from).matchAll(IMPORT)].map(([, named, bare]) => {
    const target = named ?? bare ?? '';
    const to = target.startsWith('.')
      ? relative(ROOT, join(ROOT, dirname(from), target)).replace(/\.js$/, '.ts')
      : target;
    return { from, to };
  }),
);

/** Which rooms a room may look into. Its own files, `errors`, `installation` and `node:` are always fine. */
const MAY_IMPORT: Record<string, string[]> = {
  protocol: [],
  agents: [],
  llm: ['protocol'],
  crypto: [],
  token: ['crypto', 'protocol'],
  policy: ['protocol'],
  audit: ['crypto', 'protocol'],
  wire: ['crypto', 'protocol'],
  platform: ['audit', 'crypto', 'protocol'],
  vault: ['crypto', 'platform', 'protocol'],
  gateway: ['audit/escape.ts', 'client', 'llm', 'protocol'],
  config: ['isolation/levels.ts', 'llm', 'platform', 'policy', 'protocol', 'vault/reference.ts'],
  broker: ['audit', 'crypto', 'platform', 'policy', 'protocol', 'token', 'wire'],
  client: ['audit', 'crypto', 'platform', 'protocol', 'token', 'wire'],
  isolation: ['agents', 'platform', 'protocol'],
  ui: ['audit', 'client', 'config', 'platform', 'policy', 'protocol', 'repeaters/sdk', 'setup', 'vault'],
  session: [
    'agents',
    'client',
    'config',
    'crypto',
    'isolation',
    'platform',
    'policy',
    'protocol',
    'repeaters/sdk',
    'token',
    'ui',
    'vault',
    'wire',
  ],
  setup: [
    'agents',
    'audit',
    'client',
    'config',
    'isolation',
    'platform',
    'policy',
    'protocol',
    'repeaters',
    'session',
    'vault',
  ],
  commands: [
    'audit',
    'client',
    'config',
    'isolation/levels.ts',
    'platform',
    'policy',
    'protocol',
    'repeaters',
    'session',
    'setup',
    'ui',
    'vault',
  ],
  shims: ['client', 'config/param-words.ts', 'gateway', 'protocol', 'wire'],
  // How the real CLIs are shut in stands on what is known about shutting in the agent.
  'repeaters/sdk': [
    'isolation/probe.ts',
    'isolation/seccomp',
    'platform/paths.ts',
    'platform/preamble.ts',
    'platform/remove-tree.ts',
    'protocol',
    'wire',
    'ui',
  ],
  repeaters: [
    'repeaters/sdk',
    'llm',
    'protocol',
    'wire',
    'config',
    'platform/paths.ts',
    'platform/preamble.ts',
    'platform/remove-tree.ts',
  ],
};

const roomOf = (path: string): string => {
  const [first = '', second = ''] = path.split('/');
  if (first === 'src') return second;
  return first === 'repeaters' && second === 'sdk' ? 'repeaters/sdk' : first;
};
const inside = (path: string): string => path.replace(/^src\//, '');

describe('layers', () => {
  it('reads the sources at all', () => {
    expect(SOURCES.length).toBeGreaterThan(100);
    expect(IMPORTS.length).toBeGreaterThan(300);
  });

  it('lets every room import only the rooms below it', () => {
    const free = new Set(['errors.ts', 'installation.ts', 'main.ts', 'cli.ts']);
    const wrong = IMPORTS.filter(({ from, to }) => {
      const room = roomOf(from);
      if (
        to.startsWith('node:') ||
        !/^(src|shims|repeaters)\//.test(to) ||
        free.has(room) ||
        free.has(roomOf(to))
      )
        return false;
      if (roomOf(to) === room) return false;
      return !(MAY_IMPORT[room] ?? []).some(
        (allowed) => inside(to) === allowed || inside(to).startsWith(`${allowed}/`),
      );
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('keeps every room on the list', () => {
    const rooms = new Set(
      SOURCES.filter((path) => path.split('/').length > 2 || !path.startsWith('src/')).map(roomOf),
    );
    expect([...rooms].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });
});

describe('doors', () => {
  const DOORS: Record<string, RegExp> = {
    tweetnacl: /^src\/crypto\/nacl\.ts$/,
    lowdb: /^src\/platform\/lowdb\.ts$/,
    execa: /^src\/setup\/machine-checks\.ts$/,
    '@napi-rs': /^src\/vault\/keychain\.ts$/,
    koffi: /^src\/platform\/libc\.ts$/,
    picocolors: /^src\/ui\/colors\.ts$/,
    yaml: /^src\/config\/(yaml|manifest)\.ts$/,
    '@oclif/core': /^src\/(cli|commands\/.*|ui\/[a-z-]*command)\.ts$/,
    '@smithy': /^repeaters\/aws\/inject\//,
    '@aws-sdk': /^repeaters\/aws\/credentials\.ts$/,
    '@aws-crypto': /^repeaters\/aws\/inject\//,
    undici: /^repeaters\/http\//,
    pg: /^repeaters\/db\/postgres\//,
    '@photostructure/sqlite': /^repeaters\/db\/sqlite\//,
    graphql: /^repeaters\/gh\//,
  };

  it('lets each package in by its one door', () => {
    const packages = IMPORTS.filter(({ to }) => !/^(node:|src\/|shims\/|repeaters\/)/.test(to));
    const wrong = packages.filter(({ from, to }) => {
      const name = Object.keys(DOORS).find((key) => to === key || to.startsWith(`${key}/`));
      return !Object.entries(DOORS).some(([key, door]) => key === name && door.test(from));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('keeps npm packages out of everything a shim or the broker loads', () => {
    const reached = new Set<string>();
    const follow = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const { from, to } of IMPORTS) if (from === path && to.endsWith('.ts')) follow(to);
    };
    follow('shims/shim.ts');
    follow('src/broker/main.ts');
    const strangers = IMPORTS.filter(
      ({ from, to }) => reached.has(from) && !/^(node:|src\/|shims\/|repeaters\/)/.test(to),
    );
    expect(strangers).toEqual([]);
  });
});

describe('words that must not be written', () => {
  const PURE = /^src\/(protocol|token|policy|audit|crypto)\//;
  const BANNED: { title: string; where: RegExp; what: RegExp; instead: string }[] = [
    {
      title: 'I/O in a pure room',
      where: PURE,
      what: /from 'node:(fs|net|http|https|child_process|os)/,
      instead: 'take it as an argument',
    },
    {
      title: 'the clock in a pure room',
      where: PURE,
      what: /Date\.now\(|performance\.now\(|process\.hrtime/,
      instead: 'take now as an argument',
    },
    {
      title: 'the environment in a pure room',
      where: PURE,
      what: /process\.(env|argv|cwd)/,
      instead: 'take it as an argument',
    },
    { title: 'weak randomness', where: /./, what: /Math\.random/, instead: 'node:crypto randomBytes' },
    { title: 'code from text', where: /./, what: /\beval\(|new Function\(/, instead: 'nothing' },
    { title: 'unfinished work', where: /./, what: /\b(TODO|FIXME|XXX)\b/, instead: 'do it or file an issue' },
    { title: 'a shell', where: /./, what: /shell: true|execSync\(/, instead: 'spawn with a list of words' },
  ];

  for (const { title, where, what, instead } of BANNED) {
    it(`has no ${title}`, () => {
      const found = SOURCES.filter((path) => where.test(path) && what.test(text(path)));
      expect({ found, instead }).toEqual({ found: [], instead });
    });
  }

  it('has no file past 300 lines', () => {
    const long = SOURCES.filter((path) => text(path).split('\n').length > 301);
    expect(long).toEqual([]);
  });
});

describe('documents', () => {
  it('keeps launchers executable and short', () => {
    for (const path of ['bin/turret.js', 'scripts/try', 'scripts/check', 'scripts/prepare', '.ci/run']) {
      expect(`${path} ${statSync(join(ROOT, path)).mode & 0o111}`).not.toBe(`${path} 0`);
    }
    expect(text('bin/turret.js').split('\n').length).toBeLessThanOrEqual(12);
  });

  // Turret's own, and that of the agents which are tested.
  describe.each(['', 'test/agents/npm/'])('in %spackage.json', (directory) => {
    it('records no download addresses in the lock file', () => {
      expect(text(`${directory}package-lock.json`)).not.toMatch(/"resolved": "http/);
    });

    it('pins every dependency exactly', () => {
      const {
        dependencies,
        devDependencies = {},
        optionalDependencies = {},
      } = JSON.parse(text(`${directory}package.json`)) as Record<string, Record<string, string>>;
      const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
        ([, pin]) => !/^\d/.test(pin),
      );
      expect(loose).toEqual([]);
    });
  });
});
