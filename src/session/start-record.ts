// What the log's first line says of a session.

import type { Config } from '../config/config.js';
import { sha256 } from '../crypto/hash.js';
import type { Enclosure } from '../isolation/enclosure.js';
import type { JsonObject } from '../protocol/messages.js';
import { version } from '../installation.js';
import type { RunOptions } from './options.js';

export function startRecord(
  { command, label }: RunOptions,
  config: Config,
  enclosure: Enclosure,
): JsonObject {
  return {
    turret: version,
    label: label ?? '',
    command: (command[0] ?? '').split('/').at(-1) ?? '',
    argv: command,
    isolation: enclosure.level,
    policy_sha256: sha256(Buffer.from(JSON.stringify(config.policy))).toString('base64url'),
    config: [...config.presets.map((name) => `preset:${name}`), ...config.sources.map(({ file }) => file)],
    pid: process.pid,
  };
}
