// What an agent, or an upstream, may write for an http repeater: paths, headers, bodies that somebody reads once more.

import { deepStrictEqual, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { readHeaders, sentHeaders } from '../../../repeaters/http/headers.js';
import { normalPath, normalQuery, paramName, queryNames } from '../../../repeaters/http/path.js';
import { type LlmApi, LLM_APIS, readLlmRequest } from '../../../src/llm/ask.js';
import { LlmAnswer } from '../../../src/llm/answer.js';
import { pathValueProblem } from '../../../src/policy/pattern.js';
import { pieced } from '../arbitraries/text.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';

const REFUSED = ['invalid_params'] as const;
const paths = pieced(
  ['/', '.', '..', '%2e', '%2E', '%2f', '%5c', '%25', '2e', '2f', ';', '\\', '?', '#', '%', 'a', 'é', '%c3%a9', '%c0%ae', '\0', '\ud800', ' '],
  10,
); // prettier-ignore

const path = counter();
const query = counter();
const header = counter();
const body = counter();

/** Where a server ends that takes every escape out and then folds what it finds. */
function folded(text: string): string {
  const plain = decodeURIComponent(text).replaceAll('\\', '/');
  return new URL(`http://h/${encodeURI(plain).slice(1)}`).pathname;
}

/** JSON with the keys of an ask in it, some twice, some escaped. */
const documents = pieced(
  ['{', '}', '[', ']', ',', ':', '"model"', String.raw`"mod\u0065l"`, '"max_tokens"', '"n"', '"m"', '5', '"', '\\', 'null', ' ', '"generationConfig"', '"maxOutputTokens"', '"__proto__"'],
  14,
); // prettier-ignore
const members = fc
  .array(fc.tuple(fc.constantFrom('model', 'max_tokens', 'n', 'x', '__proto__'), fc.jsonValue()), {
    maxLength: 5,
  })
  .map(
    (all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );

export const HTTP: readonly FuzzTarget[] = [
  {
    name: 'http/path',
    claim:
      'a path that passes is its own one form, and leads nowhere else however often it is unescaped and folded',
    cases: 400,
    property: fc.property(paths, (text) => {
      const normal = refusedOr(REFUSED, () => normalPath(`/${text}`));
      if (normal === undefined) return;
      path.add();
      ok(/^[\u0021-\u007e]+$/.test(normal));
      deepStrictEqual(normalPath(normal), normal);
      deepStrictEqual(pathValueProblem(normal), undefined);
      deepStrictEqual(new URL(`http://h${normal}`).pathname, normal);
      deepStrictEqual(folded(normal).split('/').length, normal.split('/').length);
    }),
    taken: path.taken,
  },
  {
    name: 'http/query',
    claim: 'a query that passes hides no name of a param from us',
    cases: 300,
    property: fc.property(
      pieced(['key', '=', '&', ';', '+', '%6b', 'k', 'ey', '%26', '#', '%', 'é', '%ff', '?'], 8),
      (text) => {
        const normal = refusedOr(REFUSED, () => normalQuery(text));
        if (normal === undefined) return;
        query.add();
        const seen = [...new URLSearchParams(normal).keys()].map((name) => name.trim().toLowerCase());
        for (const name of seen.flatMap((one) => one.split(';')))
          ok(queryNames(normal).includes(paramName(name.split('=', 1)[0] ?? '')));
      },
    ),
    taken: query.taken,
  },
  {
    name: 'http/headers',
    claim: 'no header line of an agent carries a credential, another method or a second line',
    cases: 300,
    property: fc.property(
      fc.array(
        pieced(
          [
            'accept',
            'Authorization',
            'X-HTTP-Method-Override',
            'cookie',
            ': ',
            ':',
            ' ',
            '\r\n',
            '\n',
            'a',
            '\0',
            'é',
          ],
          6,
        ),
        { maxLength: 4 },
      ),
      (lines) => {
        const kept = refusedOr(REFUSED, () =>
          readHeaders(
            lines,
            sentHeaders(['cookie', 'authorization', 'x-team'], { ofAuth: 'x-team', redacted: true }),
          ),
        );
        if (kept === undefined) return;
        header.add();
        for (const line of kept)
          ok(
            /^[a-z-]+: [\t -~]*$/.test(line) && !/^(?:authorization|cookie|x-http-method|x-team)/.test(line),
          );
      },
    ),
    taken: header.taken,
  },
  {
    name: 'llm/ask',
    claim: 'what is read of a body is what every reader of JSON reads of it',
    cases: 400,
    property: fc.property(fc.constantFrom<LlmApi>(...LLM_APIS), fc.oneof(documents, members), (api, text) => {
      const read = refusedOr(REFUSED, () => readLlmRequest(api, '/v1/x', Buffer.from(text)));
      if (read === undefined) return;
      body.add();
      // A reader that takes the first of two equal keys, by taking the last of them all backwards.
      const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(
        ([, key = '']) => JSON.parse(`"${key}"`) as string,
      );
      if (api !== 'gemini' && keys.filter((key) => key === 'model').length === 1)
        deepStrictEqual(read.ask.model, (JSON.parse(text) as { model?: unknown }).model);
      ok((read.ask.max_tokens ?? 1) > 0);
    }),
    taken: body.taken,
  },
  {
    name: 'llm/answer',
    claim: 'no bytes of an upstream stop an answer, and all but our own usage go through',
    cases: 200,
    property: fc.property(
      fc.array(
        pieced(
          [
            'data: ',
            '\n',
            '\r',
            '\n\n',
            '{"choices":[],"usage":{"prompt_tokens":5}}',
            '{"usage":',
            '}',
            '\0',
            'event: x',
          ],
          6,
        ),
        { maxLength: 8 },
      ),
      fc.boolean(),
      (pieces, hideUsage) => {
        const answer = new LlmAnswer({ api: 'openai', events: true, hideUsage });
        const out = Buffer.concat([...pieces.map((piece) => answer.push(Buffer.from(piece))), answer.end()]);
        const whole = pieces.join('');
        if (!hideUsage) deepStrictEqual(out.toString(), whole);
        else
          ok(
            out.length <= Buffer.byteLength(whole) && (whole.includes('choices') || out.toString() === whole),
          );
        for (const count of Object.values(answer.tokens ?? {})) ok(count >= 0);
      },
    ),
  },
];
