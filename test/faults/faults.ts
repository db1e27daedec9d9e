import { CLOCK_FAULTS } from './clock.js';
import { CROWD_FAULTS } from './crowd.js';
import { DISK_FAULTS } from './disk.js';
import type { Fault } from './fault.js';
import { REPEATER_FAULTS } from './repeaters.js';
import { HINDRANCE_FAULTS } from './hindrances.js';

/** Every fault that is not a kill. */
export const FAULTS: Fault[] = [
  ...DISK_FAULTS,
  ...CLOCK_FAULTS,
  ...HINDRANCE_FAULTS,
  ...CROWD_FAULTS,
  ...REPEATER_FAULTS,
];
