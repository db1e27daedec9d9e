// The first thing broker, repeaters and supervisor do. Importing this file is doing it.
//
// A SIGUSR1 from any process of the same user opens the V8 inspector, and with it everything in memory; Node 20.20 has no
// switch against that, but a listener installed before the first secret arrives takes its place. An inspector asked for
// by flag or NODE_OPTIONS is refused for the same reason.

process.on('SIGUSR1', () => {});

const inspecting = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].some((word) =>
  /^--(?:inspect|debug)/.test(word),
);
if (inspecting) {
  process.stderr.write('turret: error: this process does not run under a debugger\n');
  process.exit(125);
}

/** Of whoever started this process; ours lets nobody else read what we write. */
export const callersUmask = process.umask(0o077);
