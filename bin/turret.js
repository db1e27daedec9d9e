#!/usr/bin/env node
// `run` must start fast: no framework. Everything else is an oclif command. Both are for the older of Node's loaders, which starts sooner.
const words = process.argv.slice(2);
const asked = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
const isRun = words[0] === 'run' && !asked.includes('--help') && !asked.includes('-h');
// oclif would compare Node's version with what it wants, at every start; the pinned one runs on all that we run on.
process.env.OCLIF_DISABLE_ENGINE_WARNING ??= '1';
const load = async () => require(isRun ? '../dist/src/session/main.cjs' : '../dist/src/main.cjs');
const broken = ({ message }) => process.exit((console.error(`turret: error: ${message}`), 125));
load().then(({ main }) => main(isRun ? words.slice(1) : words), broken);
