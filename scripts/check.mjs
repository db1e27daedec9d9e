// Every check of the project, one line each; the last line counts them: every test is one, every step is one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'turret-check-'));
const NODE_24 = '24.21.0';
let passed = 0;
let failed = 0;

function run(file, args, options = {}) {
  return spawnSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
}

function step(title, file, args, options) {
  const started = Date.now();
  const { status, stdout, stderr, error } = run(file, args, options);
  const ok = status === 0;
  if (ok) passed += 1;
  else failed += 1;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${title} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  if (!ok) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim());
}

function tests(title, node, project, files = [], environment = {}) {
  const started = Date.now();
  const report = join(scratch, `${title.replace(/\W+/g, '-')}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { stdout, stderr } = run(
    node,
    [
      vitest,
      'run',
      '--project',
      project,
      ...files.map((file) => `test/e2e/${file}.test.ts`),
      // Two processors: the end-to-end tests wait for other processes a third of the time.
      `--maxWorkers=${project === 'e2e' ? 3 : 2}`,
      '--reporter=verbose',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    {
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1', ...environment },
    },
  );
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  if (!existsSync(report)) {
    failed += 1;
    console.log(`FAILED ${title}: no report (${seconds} s)\n${stdout}${stderr}`);
    return;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, success, testResults } =
    JSON.parse(readFileSync(report, 'utf8'));
  // A skipped test is a check that did not happen; a suite that fails before its tests counts too.
  const broken =
    numFailedTests + numPendingTests + (success || numFailedTests > 0 ? 0 : Math.max(1, numFailedTestSuites));
  passed += numPassedTests;
  failed += broken;
  console.log(
    `${broken === 0 ? 'ok    ' : 'FAILED'} ${title}: ${numPassedTests} passed, ${broken} failed or skipped (${seconds} s)`,
  );
  // Not a failure, and nothing to keep quiet about: on a busy machine one of these is a clock, or a fault to look for.
  for (const [line] of stdout.matchAll(/.*\(retry x\d+\).*/g))
    console.log(`  at the second try: ${line.trim()}`);
  if (broken > 0) complain(testResults, stderr);
}

/** Names first, each with the head of its reason: a reader may see only the beginning of a long output. */
function complain(testResults, stderr) {
  for (const suite of testResults) {
    const bad = suite.assertionResults.filter(({ status }) => status !== 'passed');
    if (bad.length === 0 && suite.status === 'passed') continue;
    console.log(`  ${relative(root, suite.name)} ${suite.message.slice(0, 2000)}`);
    for (const { fullName, status, failureMessages } of bad)
      console.log(`    ${status}: ${fullName}\n${failureMessages.join('\n').slice(0, 2000)}`);
  }
  console.log(stderr.split('\n').slice(-40).join('\n'));
}

/** A real Node 24 beside the one in use: npm carries its binaries as packages. */
function node24() {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const cache = join(root, 'node_modules/.cache/node24');
  mkdirSync(cache, { recursive: true });
  const name = `node-linux-${process.arch}`;
  const node = join(cache, 'node_modules', name, 'bin/node');
  if (!existsSync(node))
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', cache, `${name}@${NODE_24}`]);
  return node;
}

/** Real agents are a gigabyte: they are installed while the first checks run. Returns what waits for them. */
function installAgents() {
  const log = join(scratch, 'agents.log');
  const output = openSync(log, 'w');
  const npm = spawn(process.execPath, ['scripts/install-agents.mjs'], {
    cwd: root,
    stdio: ['ignore', output, output],
  });
  const ended = new Promise((resolve) => npm.once('close', resolve));
  return async () => {
    const waited = Date.now();
    const ok = (await ended) === 0;
    if (ok) passed += 1;
    else failed += 1;
    const seconds = ((Date.now() - waited) / 1000).toFixed(0);
    console.log(`${ok ? 'ok    ' : 'FAILED'} agents installed (waited ${seconds} s more)`);
    if (!ok) console.log(readFileSync(log, 'utf8').trim());
  };
}

const bin = (name) => join(root, 'node_modules/.bin', name);
const agentsInstalled = installAgents();
step('format', bin('oxfmt'), ['--check']);
step('lint', bin('oxlint'), ['--type-aware', '--deny-warnings']);
step('types', bin('tsc'), ['-p', 'tsconfig.test.json']);
step('unused code', bin('knip'), []);
step('package shape', bin('publint'), ['--strict']);
step('core size', process.execPath, ['scripts/audit-core.mjs', '--check']);
step('python sample against the vectors', 'python3', ['scripts/vectors.py']);
tests(`unit tests on Node ${process.versions.node}`, process.execPath, 'unit');
await agentsInstalled();
tests(`end-to-end tests on Node ${process.versions.node}`, process.execPath, 'e2e');
const newer = node24();
tests(`unit tests on Node ${NODE_24}`, newer, 'unit');
// What differs between Node versions is Turret's own processes, sockets and terminals; the CLIs, the fakes and the kernel
// were compared above. The shim tests are with the shim that Node runs; above they were with the native one.
const again = [
  'bad-input',
  'broker-socket',
  'gateway',
  'levels',
  'lifecycle',
  'secrets-commands',
  'shim',
  'shim-files',
  'terminal',
];
tests(`end-to-end tests on Node ${NODE_24}`, newer, 'e2e', again, { TURRET_TEST_SHIM: 'node' });
rmSync(scratch, { recursive: true, force: true });

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
