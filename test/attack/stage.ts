// A machine of its own for the attacks, made of namespaces: no network but loopback, no processes but ours, a read-only
// file system with empty HOMEs, and the hosts of the corpus by name. What an attack gets out of Turret cannot get out of here.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import {
  createCertificateAuthority,
  type CertificateAuthority,
} from '../../repeaters/aws/inject/certificates.js';
import { INSTALLED_AWS } from '../helpers/installed-aws.js';
import {
  AGENT_ID,
  AGENT_USER,
  ATTACKER,
  ATTACKER_CERTIFICATES,
  ATTACKER_HOSTS,
  HOME,
  METADATA,
  STAGE,
  SYSTEM_CERTIFICATES,
  USER_ID,
} from './layout.js';

const EMPTIED = ['/home', '/root', '/tmp', '/var/tmp', '/run', '/var/log'];
/** So that filling a disk fills nobody's. */
const SIZE = 'size=1g';
const ROOT = path.resolve('.');

function mount(...words: string[]): void {
  execFileSync('/usr/bin/mount', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * To be called once, by the first process of new network, mount and process namespaces.
 * @param user whether the user is an ordinary one
 * @param canChown whether we are root and not only called so here
 */
export function setStage({ user, canChown }: { user: boolean; canChown: boolean }): CertificateAuthority {
  for (const words of [
    ['link', 'set', 'lo', 'up'],
    ...METADATA.map((address) => ['addr', 'add', `${address}/32`, 'dev', 'lo']),
  ])
    execFileSync('ip', words, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  emptyDirectories();
  const authority = createCertificateAuthority();
  mkdirSync(STAGE, { mode: 0o755 });
  writeFileSync(ATTACKER_CERTIFICATES, authority.pem);
  cover('/etc/hosts', [
    '127.0.0.1 localhost',
    `${ATTACKER} ${ATTACKER_HOSTS.join(' ')}`,
    `169.254.169.254 metadata.google.internal instance-data`,
  ]);
  cover('/etc/passwd', [
    readFileSync('/etc/passwd', 'utf8').trim(),
    `op:x:${USER_ID}:${USER_ID}::${HOME}:/bin/sh`,
    `${AGENT_USER}:x:${AGENT_ID}:${AGENT_ID}::/home/${AGENT_USER}:/bin/sh`,
  ]);
  cover(SYSTEM_CERTIFICATES, [readFileSync(SYSTEM_CERTIFICATES, 'utf8'), authority.pem]);
  makeReadOnly();
  mkdirSync(HOME, { mode: 0o755 });
  if (user) chownSync(HOME, USER_ID, USER_ID);
  const agentHome = `/home/${AGENT_USER}`;
  mkdirSync(agentHome, { mode: 0o755 });
  if (canChown) chownSync(agentHome, AGENT_ID, AGENT_ID);
  return authority;
}

// What is needed of them stays: this tree, this node, the tools.
function emptyDirectories(): void {
  const kept = [...new Set([ROOT, realpathSync(path.join(ROOT, 'node_modules')), ...programs()])].filter(
    (file) => EMPTIED.some((directory) => file.startsWith(`${directory}/`)),
  );
  mount('-t', 'tmpfs', '-o', SIZE, 'tmpfs', '/mnt');
  for (const [at, file] of kept.entries()) {
    mkdirSync(`/mnt/${at}`);
    mount('--bind', file, `/mnt/${at}`);
  }
  for (const directory of EMPTIED) {
    mount('-t', 'tmpfs', '-o', `${SIZE},mode=1777`, 'tmpfs', directory);
  }
  for (const directory of ['/home', '/root', '/run', '/var/log']) chmodSync(directory, 0o755);
  for (const [at, file] of kept.entries()) {
    mkdirSync(file, { recursive: true });
    mount('--bind', `/mnt/${at}`, file);
    execFileSync('/usr/bin/umount', [`/mnt/${at}`]);
  }
}

/** Where the tools and their libraries are: `bin`, `lib` and whatever lies beside them. */
function programs(): string[] {
  return [process.execPath, ...INSTALLED_AWS.map(({ path: file }) => file)].map((file) =>
    path.dirname(path.dirname(realpathSync(file))),
  );
}

function cover(file: string, lines: readonly string[]): void {
  const copy = path.join(STAGE, path.basename(file));
  writeFileSync(copy, `${lines.join('\n')}\n`);
  mount('--bind', copy, realpathSync(file));
}

function makeReadOnly(): void {
  const own = new Set([...EMPTIED, '/mnt']);
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')) {
    const words = line.split(' ');
    const [place, options, type] = [4, 5, words.indexOf('-') + 1].map((at) => words.at(at) ?? '');
    if (place === undefined || options === undefined || type === undefined) throw new Error('not mountinfo');
    if (own.has(place) || ['proc', 'devpts', 'devtmpfs', 'cgroup', 'cgroup2', 'sysfs'].includes(type))
      continue;
    if (options.split(',').includes('ro')) continue;
    mount('-o', 'remount,bind,ro', place);
  }
}
