// Mistakes in the manifest of a declared tool, each told with its line, its key and what was probably meant.

import { describe, expect, it } from 'vitest';
import { createDeclaredRepeater } from '../../../repeaters/declared/repeater.js';
import { parseManifest } from '../../../src/config/manifest.js';
import type { JsonObject } from '../../../src/protocol/messages.js';

const GOOD = `profile: cli
command: [tool]
tools: [tool]
secrets: [TOOL_KEY]
give:
  - {secret: TOOL_KEY, env: TOOL_KEY}
never:
  login: it is not for agents
  --token: it is not for agents
options:
  --space: {also: [-s], type: name, default: main}
actions:
  - name: list
    words: [list, ls]
    options:
      --all: {type: flag, widens: space}
    positions:
      - {param: kind, type: enum, values: {things: [thing]}, required: true, joined: name}
      - {param: name, type: name, many: true}
`;

const problemsOf = (text: string): string[] =>
  parseManifest(Buffer.from(text), 'm.yaml').problems.map(
    ({ line, message, hint }) => `${line}: ${message}${hint === undefined ? '' : `; ${hint}`}`,
  );

describe('the manifest of a declared tool', () => {
  it('without a mistake has no problem', () => expect(problemsOf(GOOD)).toEqual([]));

  it.each([
    ['options:\n  --space', 'optoins:\n  --space', '10: unknown key "optoins"; did you mean "options"?'],
    ['type: flag', 'typ: flag', '16: unknown key "typ"; did you mean "type"?'],
    ['type: name, many', 'type: nmae, many', '19: "nmae" is not one of'],
    ['widens: space', 'widens: spaec', '16: widens: there is no "spaec" here; did you mean "space"?'],
    ['joined: name', 'joined: nane', '18: joined: there is no "nane" here; did you mean "name"?'],
    [
      '{secret: TOOL_KEY',
      '{secret: TOOL_KYE',
      '6: secret: there is no "TOOL_KYE" here; did you mean "TOOL_KEY"?',
    ],
    [', env: TOOL_KEY}', '}', '6: a credential goes to one place'],
    ['env: TOOL_KEY}', 'env: TOOL_KEY, path_option: --key}', '6: a credential goes to one place'],
    ['{secret: TOOL_KEY,', '{secret: TOOL_KEY, file: x,', '6: a credential comes from one place'],
    ['--all:', '--token:', '16: --token is declared, and refused by never'],
    ['also: [-s]', 'also: [--token]', '11: --token is declared, and refused by never'],
    ['words: [list, ls]', 'words: [login now]', '13: "login now" is refused by never: login'],
    ['words: [list, ls]', 'words: ["list; rm"]', '"list; rm" is not subcommand words'],
    ['--all: {type', 'all: {type', '16: "all" is not an option; write it as the tool does'],
    ['--all: {type: flag, widens: space}', '--all: {type: flag, many: true}', '16: many is for'],
    ['--all: {type: flag, widens: space}', '--all: {type: enum}', '16: an enum needs values'],
    [
      '--all: {type: flag, widens: space}',
      '--all: {type: name, param: kind}',
      '18: the param "kind" is there twice',
    ],
    [
      '--all: {type: flag, widens: space}',
      '--all: {type: name, also: [-s]}',
      'the option "-s" is there twice',
    ],
    [
      '{param: name, type: name, many: true}',
      '{param: kind, type: name}',
      '19: the param "kind" is there twice',
    ],
    ['required: true, joined: name', 'required: true, many: true', '18: many is for the last position'],
    ['tools: [tool]\n', '', '1: tools is missing'],
    ['words: [list, ls]', 'params: {type: object}', '14: unknown key "params"'],
    ['tools: [tool]', 'tools: [tool]\nsandbox: {net: none}', '4: a declared tool sees its own files only'],
    ['tools: [tool]', 'tools: [tool]\nnetwork: [example.com]', '4: "example.com" is not a host and a port'],
    ['values: {things: [thing]}', 'values: [-x]', '18: "-x" is not a word'],
    ['actions:\n', 'actions:\n  - {name: list}\n', '14: the action "list" is there twice'],
  ])('that says %j as %j is told so: %s', (right, wrong, problem) => {
    expect(GOOD).toContain(right);
    expect(problemsOf(GOOD.replace(right, wrong)).join('\n')).toContain(problem);
  });

  it('does not start with a default that its option would refuse', async () => {
    const { value } = parseManifest(
      Buffer.from(GOOD.replace('default: main', 'default: --all')),
      '/etc/m.yaml',
    );
    const config = JSON.parse(JSON.stringify(value)) as JsonObject;
    const secrets = {
      name: 'tool',
      kind: 'tool',
      config,
      env: {},
      directory: '/nowhere',
      agent_writes: [],
      siblings: {},
    };
    await expect(createDeclaredRepeater(secrets)).rejects.toThrow('the default of --space');
  });
});
