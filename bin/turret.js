#!/usr/bin/env node
// `run` must start fast and starts without a framework; everything else is an oclif command.
import '../dist/src/platform/preamble.js';

const words = process.argv.slice(2);
const asked = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
const isRun = words[0] === 'run' && !asked.includes('--help') && !asked.includes('-h');
const main = isRun ? '../dist/src/session/main.js' : '../dist/src/cli.js';
const loaded = await import(main).catch(({ message }) => console.error(`turret: error: ${message}`));
if (loaded === undefined) process.exit(125);
await loaded.main(isRun ? words.slice(1) : words);
