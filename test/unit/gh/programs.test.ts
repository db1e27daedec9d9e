import { describe, expect, it } from 'vitest';
import { checkJq, checkTemplate } from '../../../repeaters/gh/resolve/programs.js';
import { TurretError } from '../../../src/errors.js';

describe('jq programs', () => {
  it.each([
    '.',
    '.[].title',
    '.environment',
    '.env',
    '.a.env',
    '.[].env.x',
    '.["env"]',
    '"env"',
    '"$ENV"',
    'select(.name == "env")',
    '{environment: .env}',
    '.[] | {number, title}',
    '"\\(.title) env"',
    '"a # b" | .env',
    '. as $environment | $environment',
    '# env\n.',
    '..|.env?',
    'map(.environment_url)',
  ])('%s is fine', (program) => {
    expect(() => checkJq(program)).not.toThrow();
  });
  it.each([
    'env',
    'env.GH_TOKEN',
    '.|env',
    '$ENV',
    '$ENV.PATH',
    '$ ENV',
    '$__prog_args',
    '(.. | select(false)), env.HOME',
    '"\\(env)"',
    '"\\("\\(env)")"',
    '"a\\"\\(env.X)"',
    '[env]',
    '{env}',
    '{a:env}',
    'env|tostring',
    '..env',
    '1.env',
    '. as $x|env',
    '"x"#"\nenv',
    '# \\\nenv',
    'input_filename',
    'import "a" as a; .',
    'include "a"; .',
    'modulemeta',
    'get_search_list',
    'def f: env; f',
    'if true then env else . end',
    '@text "\\(env)"',
    '.a?//env',
    'env as $x|.',
    '"\\((env))"',
    '"\\(("a)"|env))"',
    '. # comment\n| env',
    '.[env.X]',
    '-env',
    '$ENV|.x',
  ])('%s is refused', (program) => {
    expect(() => checkJq(program)).toThrow(TurretError);
  });
});

describe('templates', () => {
  it.each([
    'text env',
    '{{.title}}',
    '{{.env}}',
    '{{range .}}{{.number}}{{"\\n"}}{{end}}',
    '{{printf "%x" .login}}',
    '{{ tablerow .a (.b | color "yellow") }}',
    '{{"env"}}',
    '{{$x := .a}}{{$x}}',
    '{{/* env */}}',
    '{{ if eq .state "OPEN" }}x{{ else }}y{{ end }}',
    '{{ "}} env" }}',
    '{{pluck "name" .labels | join ", "}}',
  ])('%s is fine', (template) => {
    expect(() => checkTemplate(template)).not.toThrow();
  });
  it.each([
    '{{env "X"}}',
    '{{ .a | env }}',
    '{{expandenv "$X"}}',
    '{{ readFile "/x" }}',
    '{{ (env "X") }}',
    '{{ "}}" | env }}',
    '{{ `}}` | env }}',
  ])('%s is refused', (template) => {
    expect(() => checkTemplate(template)).toThrow(TurretError);
  });
});
