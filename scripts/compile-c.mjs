// Compiles one of the small C programs, hardened and without a library that would have to be found at run time. Where
// there is no compiler Turret does the same with Node, only slower, so that is no error.
import { execFileSync } from 'node:child_process';

/** Those that the supervisor and repeaters start, by name. */
export const PROGRAMS = {
  confine: 'src/isolation/confine.c',
  pump: 'repeaters/sdk/handoff/pump.c',
  'await-call': 'repeaters/sdk/sandbox/await-call.c',
};
const WARNINGS = ['-std=c17', '-Wall', '-Wextra', '-Wconversion'];
const HARDENED = [
  ...['-O2', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=3'],
  ...['-static-pie', '-fPIE', '-Wl,-z,relro,-z,now', '-s'],
];

/** Whether `out` was made. What the compiler says is shown. `compiler` as of compilerFor(). */
export function compileC(out, sources, libraries = [], [cc, ...words] = ['cc']) {
  try {
    execFileSync(cc, [...words, ...WARNINGS, ...HARDENED, '-o', out, ...sources, ...libraries], {
      stdio: 'inherit',
    });
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') console.error(`turret: ${out} was not made, and is done without`);
    return false;
  }
}
