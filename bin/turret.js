#!/usr/bin/env node
// `run` must start fast and starts without a framework; everything else is an oclif command.
import '../dist/src/platform/preamble.js';

const [command, ...argv] = process.argv.slice(2);
const before = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
const wantsHelp = before.some((word) => word === '--help' || word === '-h');
const { main } = await import(
  command === 'run' && !wantsHelp ? '../dist/src/session/main.js' : '../dist/src/cli.js'
);
await main(command === 'run' && !wantsHelp ? argv : process.argv.slice(2));
