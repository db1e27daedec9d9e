// Which profiles the aws CLI's own files have. Of a section only the names of its settings are kept; of their values
// nothing but the region, which is no secret.

import { join } from 'node:path';

import type { Environment } from './environment.js';
import { readText } from './read-text.js';

export interface AwsProfile {
  name: string;
  /** Names of the settings in both files, lower case. */
  settings: Set<string>;
  region?: string;
}
export interface AwsFiles {
  config: string;
  credentials: string;
}

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-[0-9]{1,2}$/;

/** Where the files are: as the CLI looks for them. Undefined without a HOME. */
export function awsFiles(env: Environment): AwsFiles | undefined {
  const { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials, HOME: home } = env;
  if (home === undefined && (config === undefined || credentials === undefined)) return undefined;
  const own = join(home ?? '/', '.aws');
  return { config: config ?? join(own, 'config'), credentials: credentials ?? join(own, 'credentials') };
}

/** The profiles of both files, in their order, `default` first. */
export function readAwsProfiles(env: Environment): AwsProfile[] {
  const files = awsFiles(env);
  if (files === undefined) return [];
  return parseAwsProfiles({
    config: readText(files.config) ?? '',
    credentials: readText(files.credentials) ?? '',
  });
}

/** As `readAwsProfiles`, from the texts of the files. */
export function parseAwsProfiles(texts: AwsFiles): AwsProfile[] {
  const profiles = new Map<string, AwsProfile>();
  addSections(profiles, texts.config, configName);
  addSections(profiles, texts.credentials, (header) => header);
  return [...profiles.values()].sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default'));
}

function addSections(
  profiles: Map<string, AwsProfile>,
  text: string,
  nameOf: (header: string) => string | undefined,
): void {
  let current: AwsProfile | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) {
      const name = nameOf(header.trim());
      current = name === undefined || name === '' ? undefined : profileOf(profiles, name);
      continue;
    }
    // An indented line belongs to the setting above it (`s3 =` and below it its parts).
    const setting = /^([A-Za-z0-9_.-]+)\s*=\s*(\S*)/.exec(line);
    if (current === undefined || setting === null) continue;
    const [, name = '', value = ''] = setting;
    current.settings.add(name.toLowerCase());
    if (name.toLowerCase() === 'region' && REGION.test(value)) current.region ??= value;
  }
}

function profileOf(profiles: Map<string, AwsProfile>, name: string): AwsProfile {
  const known = profiles.get(name);
  if (known !== undefined) return known;
  const added: AwsProfile = { name, settings: new Set() };
  profiles.set(name, added);
  return added;
}

// `[default]`, `[profile dev]`, `[profile "two words"]`; other sections (sso-session, services) are no profiles.
function configName(header: string): string | undefined {
  if (header === 'default') return header;
  const name = /^profile\s+(.+)$/.exec(header)?.[1]?.trim();
  return name === undefined ? undefined : name.replace(/^"(.*)"$|^'(.*)'$/, '$1$2');
}
