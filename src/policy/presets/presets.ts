// Rules that come with Turret. They test `$kind`, not names, because an aws repeater may be called `prod`.

import type { Rule } from '../rule.js';
import { AWS_CONTENT } from './aws-content.js';

export const PRESET_NAMES = [
  'aws-readonly',
  'gh-readonly',
  'gh-contributor',
  'http-get',
  'db-readonly',
  'llm-gateway',
  'none',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export function isPresetName(text: string): text is PresetName {
  return (PRESET_NAMES as readonly string[]).includes(text);
}

/** What applies when there is no file at all. */
export const PRESETS_WITHOUT_FILE: readonly PresetName[] = ['aws-readonly', 'gh-readonly'];

const GH_READS: Rule = {
  id: 'gh-readonly',
  effect: 'allow',
  actions: ['**'],
  where: { $kind: { eq: 'gh' }, $readOnly: { eq: true }, $secretOutput: { eq: false } },
  layer: 'preset',
};

const RULES: Record<PresetName, Rule[]> = {
  'aws-readonly': [
    {
      id: 'aws-readonly',
      effect: 'allow',
      actions: ['**'],
      except: AWS_CONTENT,
      where: { $kind: { eq: 'aws' }, $readOnly: { eq: true }, $secretOutput: { eq: false } },
      layer: 'preset',
    },
  ],
  'gh-readonly': [GH_READS],
  'gh-contributor': [
    GH_READS,
    {
      id: 'gh-contributor',
      effect: 'allow',
      actions: ['*.pr.create', '*.pr.comment', '*.issue.create', '*.issue.comment'],
      where: { $kind: { eq: 'gh' } },
      layer: 'preset',
    },
    {
      id: 'gh-merge-asks',
      effect: 'ask',
      actions: ['*.pr.merge'],
      where: { $kind: { eq: 'gh' } },
      layer: 'preset',
    },
  ],
  'http-get': [
    {
      id: 'http-get',
      effect: 'allow',
      actions: ['**'],
      where: { $kind: { eq: 'http' }, $readOnly: { eq: true }, $secretOutput: { eq: false } },
      layer: 'preset',
    },
  ],
  'db-readonly': [
    {
      id: 'db-readonly',
      effect: 'allow',
      actions: ['*.*.query'],
      where: { $kind: { eq: 'db' }, $readOnly: { eq: true }, $secretOutput: { eq: false } },
      layer: 'preset',
    },
  ],
  'llm-gateway': [
    {
      id: 'llm-models',
      effect: 'allow',
      actions: ['*.*.get'],
      where: {
        $kind: { eq: 'http' },
        api: { exists: true },
        path: { path: ['/*/models', '/*/models/*'] },
      },
      layer: 'preset',
    },
    {
      id: 'llm-gateway',
      effect: 'allow',
      actions: ['*.*.post'],
      where: {
        $kind: { eq: 'http' },
        api: { exists: true },
        model: { exists: true },
        path: {
          path: [
            '/*/messages',
            '/*/messages/count_tokens',
            '/*/responses',
            '/*/chat/completions',
            '/*/completions',
            '/*/embeddings',
            '/*/models/*',
          ],
        },
      },
      layer: 'preset',
    },
  ],
  none: [],
};

/** The rules of some presets together; one that two presets share comes once. */
export function presetRules(names: readonly PresetName[]): Rule[] {
  return [...new Set(names.flatMap((name) => RULES[name]))];
}

/** What always applies: asking a tool for its version or its help needs no credential and no network. */
export const BUILTIN_RULES: readonly Rule[] = [
  {
    id: 'builtin-cli',
    effect: 'allow',
    actions: ['*.cli.version', '*.cli.help'],
    where: { $openWorld: { eq: false }, $readOnly: { eq: true } },
    layer: 'builtin',
  },
];
