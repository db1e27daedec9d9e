// What the bench compares Turret with, from npm. Says where it is. Safe to run again.
import { installNpm } from './install-npm.mjs';

console.log(installNpm({ name: 'peers', directory: 'test/bench/npm' }));
