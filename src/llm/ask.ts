// What a request to a model asks for, read from its body: the same on the agent's side (which claims it, so that policy can
// decide) and in the repeater (which reads the bytes it is about to send and compares).

import { TurretError } from '../errors.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { parseUnambiguous } from './unambiguous-json.js';

export const LLM_APIS = ['anthropic', 'openai', 'gemini'] as const;
export type LlmApi = (typeof LLM_APIS)[number];

export interface LlmAsk {
  model?: string;
  /** The most it lets the model write, all answers together. */
  max_tokens?: number;
}
export interface LlmRequest {
  ask: LlmAsk;
  body: JsonObject;
}

const CHAT = /\/chat\/completions\/?$/;
const GEMINI_MODEL = /^\/v[0-9][a-z0-9]*\/(?:models|tunedModels)\/([^/:]+)(?::[A-Za-z]+)?$/;

/** @throws TurretError `invalid_params` for a body that does not say one thing only */
export function readLlmRequest(api: LlmApi, path: string, bytes: Uint8Array): LlmRequest {
  const body = parseUnambiguous(bytes);
  if (typeof body === 'string') throw refused(body);
  requireSpelling(body);
  return { ask: askOf(api, path, body), body };
}

/** Of a body what is read here. */
const READ = [
  'model', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n', 'best_of', 'prompt', 'stream',
  'stream_options', 'background', 'generationConfig', 'generation_config', 'maxOutputTokens', 'candidateCount', 'candidate_count',
]; // prettier-ignore
const FOLDED = new Set(READ.map(folded));

// Servers written in Go (Ollama) take a key in any case, and of several the last: `Model` beside `model` would be another one.
function requireSpelling(body: JsonObject): void {
  for (const [key, value] of Object.entries(body)) {
    if (!READ.includes(key) && FOLDED.has(folded(key)))
      throw refused(`some servers take the key ${JSON.stringify(key)} for another one`);
    if (/^generation_?config$/i.test(key) && isObject(value)) requireSpelling(value);
  }
}

/** As Go compares: without case, and with the two letters outside of ASCII that have one inside. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/**
 * The body with what the operator adds: a bound of the answer where it has none, and the usage at the end of a stream
 * that would come without. Undefined when nothing is to be added.
 */
export function completed(
  { ask, body }: LlmRequest,
  { api, path, cap }: { api: LlmApi; path: string; cap: number | undefined },
): { body: JsonObject; addedUsage: boolean } | undefined {
  const bound = ask.max_tokens === undefined && cap !== undefined ? boundIn(api, path, body, cap) : undefined;
  const options = body['stream_options'];
  const addedUsage =
    api === 'openai' &&
    CHAT.test(path) &&
    body['stream'] === true &&
    (isObject(options) ? options : {})['include_usage'] !== true;
  if (bound === undefined && !addedUsage) return undefined;
  const usage = addedUsage
    ? { stream_options: { ...(isObject(options) ? options : {}), include_usage: true } }
    : {};
  return { body: { ...body, ...bound, ...usage }, addedUsage };
}

/** What a request with a model can cost: what it reads and what the model writes, only what it reads, or nothing. */
export type LlmCost = 'writes' | 'reads' | 'free';

const COSTS: Record<LlmApi, readonly (readonly [LlmCost, RegExp])[]> = {
  anthropic: [
    ['writes', /\/messages\/?$/],
    ['free', /\/messages\/count_tokens\/?$/],
  ],
  openai: [
    ['writes', /\/(?:chat\/completions|completions|responses)\/?$/],
    ['reads', /\/embeddings\/?$/],
    ['free', /\/moderations\/?$/],
  ],
  gemini: [
    ['writes', /:(?:generateContent|streamGenerateContent)$/],
    ['reads', /:(?:embedContent|batchEmbedContents)$/],
    ['free', /:countTokens$/],
  ],
};

/** By its path; undefined where nobody knows. */
export function costKind(api: LlmApi, path: string): LlmCost | undefined {
  return COSTS[api].find(([, pattern]) => pattern.test(path))?.[0];
}

function boundIn(api: LlmApi, path: string, body: JsonObject, cap: number): JsonObject | undefined {
  if (costKind(api, path) !== 'writes') return undefined;
  const each = Math.floor(cap / answers(api, body));
  if (each < 1) throw refused(`it asks for more answers than the ${cap} tokens that turret.yaml allows`);
  if (api === 'anthropic') return { max_tokens: each };
  if (api === 'gemini') {
    const key = body['generation_config'] === undefined ? 'generationConfig' : 'generation_config';
    return { [key]: { ...(isObject(body[key]) ? body[key] : {}), maxOutputTokens: each } };
  }
  if (/\/responses\/?$/.test(path)) return { max_output_tokens: each };
  return CHAT.test(path) ? { max_completion_tokens: each } : { max_tokens: each };
}

function askOf(api: LlmApi, path: string, body: JsonObject): LlmAsk {
  const model = modelOf(api, path, body);
  const each = boundOf(api, body);
  const times = answers(api, body);
  return {
    ...(model === undefined ? {} : { model }),
    ...(each === undefined ? {} : { max_tokens: each * times }),
  };
}

function modelOf(api: LlmApi, path: string, body: JsonObject): string | undefined {
  const said = body['model'];
  if (said !== undefined && typeof said !== 'string') throw refused('model is not a text');
  if (api !== 'gemini') return said;
  const model = GEMINI_MODEL.exec(path)?.[1];
  if (said !== undefined && said.replace(/^(?:models|tunedModels)\//, '') !== model)
    throw refused('the path and the body name different models');
  return model;
}

function boundOf(api: LlmApi, body: JsonObject): number | undefined {
  const places: (Json | undefined)[] =
    api === 'gemini'
      ? geminiValues(body, 'maxOutputTokens', 'max_output_tokens')
      : ['max_tokens', 'max_completion_tokens', 'max_output_tokens'].map((key) => body[key]);
  const bounds = places
    .map((value) => count('the bound of the answer', value))
    .filter((n) => n !== undefined);
  return bounds.length === 0 ? undefined : Math.max(...bounds);
}

/** How many answers are asked for at once. */
function answers(api: LlmApi, body: JsonObject): number {
  const places =
    api === 'gemini' ? geminiValues(body, 'candidateCount', 'candidate_count') : [body['n'], body['best_of']];
  return prompts(body) * Math.max(1, ...places.map((value) => count('the number of answers', value) ?? 1));
}

/** Of legacy completions, each with answers of its own; a list of numbers is one prompt. */
function prompts({ prompt }: JsonObject): number {
  if (!Array.isArray(prompt) || prompt.every((token) => typeof token === 'number')) return 1;
  return prompt.length;
}

// Google's JSON takes both spellings of every name.
function geminiValues(body: JsonObject, ...names: string[]): (Json | undefined)[] {
  return ['generationConfig', 'generation_config'].flatMap((key) => {
    const config = body[key];
    if (config !== undefined && config !== null && !isObject(config))
      throw refused(`${key} is not an object`);
    return isObject(config) ? names.map((name) => config[name]) : [];
  });
}

function count(what: string, value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw refused(`${what} is not a whole number`);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(message: string): TurretError {
  return new TurretError('invalid_params', message, { hints: ['send one JSON object, each key once'] });
}
