// What compiles for the machines that a release is for, and what runs their programs on this one. Names are Debian's.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));
/** By Node's names. `elf`: e_machine of <elf.h>. */
export const MACHINES = {
  x64: { elf: 62, gnu: 'x86_64-linux-gnu', debian: 'amd64', emulator: 'qemu-x86_64-static' },
  arm64: { elf: 183, gnu: 'aarch64-linux-gnu', debian: 'arm64', emulator: 'qemu-aarch64-static' },
};

/**
 * Words in front of a compiler's own: CC, which is to find libsodium.a by itself, or this machine's, or for another one Debian's
 * cross compiler with Debian's libsodium. Throws when there is none for that machine.
 */
export function compilerFor(arch) {
  if (process.env.CC !== undefined) return [process.env.CC];
  if (arch === process.arch) return ['cc'];
  const { gnu, debian } = MACHINES[arch];
  const tree = unpacked('libsodium-dev', debian);
  return [`${gnu}-gcc`, `-I${tree}/usr/include`, `-L${tree}/usr/lib/${gnu}`];
}

/** What to install for it. */
export function packagesFor(arch) {
  if (arch === process.arch) return 'gcc libsodium-dev';
  const { gnu, debian } = MACHINES[arch];
  return `gcc-${gnu.replace('_', '-')} libc6-dev-${debian}-cross qemu-user-static`;
}

/**
 * A package of another architecture, in a directory and not installed: apt with lists of its own, checked by their signatures as
 * always, so that nothing of this machine changes.
 */
function unpacked(name, debian) {
  const tree = join(CACHE, `${name}-${debian}`);
  if (existsSync(tree)) return tree;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(`${tree}-`);
  try {
    for (const lists of ['state/lists', 'cache/archives'])
      mkdirSync(join(scratch, lists, 'partial'), { recursive: true });
    const options = {
      'Dir::State': join(scratch, 'state'),
      'Dir::State::status': '/dev/null',
      'Dir::Cache': join(scratch, 'cache'),
      'APT::Architecture': debian,
      'APT::Architectures': debian,
      'APT::Sandbox::User': '',
    };
    const words = Object.entries(options).flatMap(([option, value]) => ['-o', `${option}=${value}`]);
    const apt = (...command) =>
      execFileSync('apt-get', ['-qq', ...words, ...command], {
        cwd: scratch,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    apt('update');
    apt('download', name);
    const archive = readdirSync(scratch).find((file) => file.endsWith('.deb'));
    execFileSync('dpkg', ['-x', archive, 'tree'], { cwd: scratch });
    renameSync(join(scratch, 'tree'), tree);
    return tree;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
