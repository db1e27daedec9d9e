// The turret.yaml that `turret init` writes. Everything that comes from outside is one of a few forms that cannot leave its
// line or its quotes: profile names and regions in the forms turret.yaml allows, names of ours, version numbers.

import { UPSTREAM_PRESETS } from '../config/upstream-presets.js';
import type { FoundAgent } from './agents-found.js';
import type { CredentialSource } from './credential-source.js';
import type { InstalledTool } from './installed-tools.js';
import type { Survey } from './survey.js';

const PROFILE = /^[A-Za-z0-9_.@/+=:-]{1,128}$/;
/** Names of repeaters that stand in the file already, or that would be read as another kind. */
const TAKEN = ['aws', 'gh', 'http', 'db', 'echo'];
const REPEATER_NAME_MAX = 32;

/** Text of a user file. `schema` is what an editor needs to find the JSON Schema. */
export function userConfigText(found: Survey, schema: string): string {
  const { tools, credentials } = found;
  return lines(
    modeline(schema),
    '# What an agent under `turret run` may do. What no rule allows is denied.',
    '# What stands right behind a # is an example: take the # away, in the indented lines below it too. Then: turret policy check',
    'version: 1',
    '',
    '# Rules that come with turret: what only reads, without credentials and without content of buckets, logs and tables.',
    '# Also there: preset:gh-contributor (opens and comments pull requests and issues), preset:http-get.',
    'extends: [preset:aws-readonly, preset:gh-readonly]',
    '',
    '# auto: the best this machine can do (turret doctor shows it). strict: no network for the agent either.',
    'isolation: auto',
    '',
    ...agentLines(found.agents),
    '# The processes that hold the keys. The name is the first word of their actions: aws.s3.list_buckets.',
    '# credentials: env | auto | profile:NAME | vault:NAME; auto is what the CLI itself would take. The agent never sees them.',
    'repeaters:',
    `  # ${toolLine(tools.aws)}; auto today: ${sourceLine(credentials.aws)}`,
    `  aws: { ${found.region === undefined ? '' : `region: ${found.region}, `}credentials: auto }`,
    ...profileLines(found.profiles),
    `  # ${toolLine(tools.gh)}; auto today: ${sourceLine(credentials.gh)}`,
    '  gh: { host: github.com, credentials: auto }',
    ...hostLines(found.hosts),
    '',
    '# Budgets of one session.',
    '#limits: { calls: 500/session, rate: 60/m burst 20 }',
    '',
    '# deny > ask > allow > denied; order does not matter. Content is allowed by name and place.',
    '#rules:',
    '#  - id: team-bucket',
    '#    allow: [aws.s3.get_object, aws.s3.put_object]',
    '#    where: { bucket: { in: [my-bucket] }, key: { path: "reports/**" } }',
    '#  - id: our-pull-requests',
    '#    allow: [gh.pr.create, gh.pr.comment]',
    '#    where: { repo: { in: [owner/name] } }',
    '',
    '# What must stay true, whatever rules come; turret policy test checks it.',
    'tests:',
    '  - { call: aws.ec2.terminate_instances, expect: deny }',
    '  - { call: gh.repo.delete, expect: deny }',
  );
}

/** Text of a project file, which only takes away. */
export function projectConfigText(schema: string): string {
  return lines(
    modeline(schema),
    '# Rules of this project. This file only narrows what your own turret.yaml allows: the agent could write it too.',
    'version: 1',
    '',
    '#limits: { calls: 200/session, rate: 30/m burst 10 }',
    '',
    '# With an allow rule here, of what your own file allows only what it matches is left.',
    '#rules:',
    '#  - id: project-no-secrets-of-ci',
    '#    deny: ["*.secret.**", "*.variable.**"]',
    '#  - id: project-reads',
    '#    allow: ["aws.s3.*", "gh.pr.*", "gh.issue.*"]',
  );
}

function modeline(schema: string): string {
  return `# yaml-language-server: $schema=${schema}`;
}

function lines(...texts: string[]): string {
  return `${texts.join('\n')}\n`;
}

function toolLine({ tool, version, table }: InstalledTool): string {
  if (version === undefined) return `${tool}: no usable ${tool} was found (turret doctor says more)`;
  if (table === undefined)
    return `${tool} ${version}: no table of its commands fits (turret doctor says more)`;
  return table === version ? `${tool} ${version}` : `${tool} ${version}, served by the table of ${table}`;
}

// The only place where names from outside come into a comment of the file as they are.
function sourceLine({ found, source, fix }: CredentialSource): string {
  const text = found || fix === undefined ? source : `${source} (${fix})`;
  return text.replaceAll(/[^\u0020-\u007e]/g, '?').slice(0, 200);
}

function profileLines(profiles: readonly string[]): string[] {
  const taken = new Set(TAKEN);
  const others = profiles.filter((name) => name !== 'default');
  const usable = others.filter((name) => PROFILE.test(name));
  const written = usable.map(
    (name) => `  #${repeaterName(name, taken)}: { kind: aws, credentials: "profile:${name}" }`,
  );
  const left = others.length - usable.length;
  return [
    ...(written.length === 0
      ? []
      : ['  # Your other profiles; `aws --profile NAME` goes to the repeater that serves it.']),
    ...written,
    ...(left === 0
      ? []
      : [`  # ${left} more with names that cannot stand here (blanks or other characters)`]),
  ];
}

/** A free name for the repeater of a profile: a letter first, then a-z, 0-9 and _. Takes it. */
function repeaterName(profile: string, taken: Set<string>): string {
  const plain = profile.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  const base = (/^[a-z]/.test(plain) ? plain : `aws_${plain}`).slice(0, REPEATER_NAME_MAX);
  let name = base;
  for (let number = 2; taken.has(name); number += 1) {
    const end = `_${number}`;
    name = `${base.slice(0, REPEATER_NAME_MAX - end.length)}${end}`;
  }
  taken.add(name);
  return name;
}

function hostLines(hosts: readonly string[]): string[] {
  const taken = new Set(TAKEN);
  return hosts
    .filter((host) => host !== 'github.com')
    .map((host) => `  #${repeaterName(`gh_${host}`, taken)}: { kind: gh, host: ${host}, credentials: auto }`);
}

function agentLines(agents: readonly FoundAgent[]): string[] {
  const found = agents.map(({ program }) => `# installed here: turret run -- ${program}`);
  const keys = [...new Set(agents.flatMap((agent) => agent.keys))];
  const aliases = keys.flatMap(upstreamsWith);
  const gateway =
    aliases.length === 0
      ? []
      : [
          '# An agent need not hold the key of its model: the gateway puts it on. Add preset:llm-gateway to extends, and this:',
          `#gateway: [${aliases.join(', ')}]`,
        ];
  const pass =
    keys.length === 0
      ? []
      : [
          '# Or let it hold its key; a login in its own directory needs neither.',
          `#env: { unsafe: [${keys.join(', ')}] }`,
        ];
  const all = [...found, ...gateway, ...pass];
  return all.length === 0 ? [] : [...all, ''];
}

/** Known model APIs that take their key from this variable. */
function upstreamsWith(key: string): string[] {
  const known = Object.entries(UPSTREAM_PRESETS);
  return known.flatMap(([alias, { api, secret }]) =>
    api !== undefined && secret === `env:${key}` ? [alias] : [],
  );
}
