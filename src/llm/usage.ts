// What a model's answer cost, as the API itself says it. Each API counts a little differently; here `input` never includes
// what was read from a cache, and `output` includes what the model thought.

import type { Json, JsonObject } from '../protocol/messages.js';
import type { LlmApi } from './ask.js';

/** Tokens. */
export interface Tokens {
  input: number;
  cached: number;
  output: number;
}

/** From one answer, or one event of a stream; undefined when it does not speak of usage. Never throws. */
export function tokensIn(api: LlmApi, value: Json): Tokens | undefined {
  if (!isObject(value)) return undefined;
  if (api === 'gemini') return geminiTokens(value['usageMetadata']);
  const inner = objectOf(value[api === 'anthropic' ? 'message' : 'response']);
  const usage = isObject(value['usage']) ? value['usage'] : inner['usage'];
  if (!isObject(usage)) return undefined;
  return api === 'anthropic' ? anthropicTokens(usage) : openaiTokens(usage);
}

/** A stream says its counts several times, each time what it knows so far. */
export function most(left: Tokens | undefined, right: Tokens): Tokens {
  return {
    input: Math.max(left?.input ?? 0, right.input),
    cached: Math.max(left?.cached ?? 0, right.cached),
    output: Math.max(left?.output ?? 0, right.output),
  };
}

function anthropicTokens(usage: JsonObject): Tokens {
  return {
    input: count(usage['input_tokens']) + count(usage['cache_creation_input_tokens']),
    cached: count(usage['cache_read_input_tokens']),
    output: count(usage['output_tokens']),
  };
}

// Chat completions and responses have different names for the same.
function openaiTokens(usage: JsonObject): Tokens {
  const details = objectOf(usage['prompt_tokens_details'] ?? usage['input_tokens_details']);
  const input = count(usage['prompt_tokens'] ?? usage['input_tokens']);
  const cached = Math.min(input, count(details['cached_tokens']));
  return {
    input: input - cached,
    cached,
    output: count(usage['completion_tokens'] ?? usage['output_tokens']),
  };
}

function geminiTokens(usage: Json | undefined): Tokens | undefined {
  if (!isObject(usage)) return undefined;
  const prompt = count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']);
  const cached = Math.min(prompt, count(usage['cachedContentTokenCount']));
  return {
    input: prompt - cached,
    cached,
    output: count(usage['candidatesTokenCount']) + count(usage['thoughtsTokenCount']),
  };
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
