// One value of one option. The CLI reads some values as something else: `file://` and `fileb://` as a file, `http://` (v1) as a
// download, `@=` in shorthand as a file inside a structure. Those ways are closed here, or become files by value.

import type { FileNeed } from '../../../src/protocol/messages.js';
import type { AwsOption } from '../tables/types.js';
import type { OptionValue } from './command-line.js';
import { checkPath } from './files.js';
import { checkNumber, plainItems } from './lists.js';
import { quote, refuse } from './refuse.js';
import { checkStartingToken } from './starting-token.js';

/** Strings that hold a document, not a name: policy does not compare them, so their text may come from a file and have lines. */
const TEXT_NAME =
  /(^|-)(document|policy|body|definition|payload|content|script|data|message|statement|string|description|text|comment|configuration|template|spec|specification|schema|parameters|buildspec|code|pattern|input|json|yaml|csr|certificate|chain|key-material|material|public-key|private-key|manifest|value|expression|html|body-html|metadata-document)$/;
/** Names that decide what a call touches, whatever their type. */
const RESOURCE_NAME = /(^|-)(bucket|name|names|id|ids|arn|arns|region|prefix|url|uri|path)$/;
/** What the CLI might take for the place of a value instead of the value. */
const SCHEME = /^\s*(file|fileb|http|https):/i;
// A service writes to the host in this URL: only the hosts of SQS itself.
const QUEUE_URL =
  /^https:\/\/(?:sqs\.[a-z0-9-]+|queue|[a-z0-9-]+\.queue)\.amazonaws\.com(?:\.cn)?\/\d{12}\/[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/;

function takesText(option: AwsOption): boolean {
  if (option.type === 'structure' || option.type === 'blob') return true;
  return (
    option.type === 'string' &&
    option.arity === 'one' &&
    TEXT_NAME.test(option.name) &&
    !RESOURCE_NAME.test(option.name)
  );
}

/** Checks every string of a value; files it names are added to `files`. Returns the value in canonical form. */
export function checkValue(
  option: AwsOption,
  value: OptionValue,
  cwd: string,
  files: FileNeed[],
): OptionValue {
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    const items = plainItems(option, value);
    const alone = items.length === 1;
    return items.map((item) => checkString(option, item, { cwd, files, alone }));
  }
  return checkString(option, value, { cwd, files, alone: true });
}

function checkString(
  option: AwsOption,
  value: string,
  { cwd, files, alone }: { cwd: string; files: FileNeed[]; alone: boolean },
): string {
  if (option.choices !== undefined && !option.choices.includes(value)) {
    refuse(
      `${quote(value)} is no value of --${option.name}`,
      `use one of ${option.choices.slice(0, 12).join(', ')}`,
    );
  }
  if (option.name === 'starting-token') checkStartingToken(value);
  if (option.type === 'read' || option.type === 'write') {
    const path = checkPath(value, { cwd, use: option.type, tree: false });
    files.push({ path, use: option.type, tree: false });
    return path;
  }
  if (/[\n\t]/.test(value) && !takesText(option))
    refuse(`--${option.name} cannot hold line breaks or tabs`, 'type the value on one line');
  checkShorthand(option, value, alone);
  const scheme = SCHEME.exec(value)?.[1];
  if (scheme === undefined) {
    if (option.type === 'number') checkNumber(option, value);
    return value;
  }
  if (scheme.toLowerCase().startsWith('http')) return checkUrl(option, value);
  return checkFileValue(option, value, { cwd, files, alone });
}

/** A pattern of aws s3 --include/--exclude: the CLI must not take it for a file name. */
export function checkFilter(filter: string): string {
  const pattern = filter.slice(filter.indexOf('=') + 1);
  if (/[\n\t]/.test(pattern) || SCHEME.test(pattern))
    refuse(`${quote(pattern)} is no pattern of names`, 'write it like *.txt');
  return filter;
}

function checkShorthand(option: AwsOption, value: string, alone: boolean): void {
  const plain = option.arity !== 'many' && option.type !== 'structure';
  const json = alone && /^\s*[[{]/.test(value);
  if (value.includes('@=') && !plain && !json)
    refuse(`@= in --${option.name} would read a file`, 'write the value as JSON');
}

function checkUrl(option: AwsOption, value: string): string {
  if (!option.literal || /^\s/.test(value))
    refuse(
      `a URL in --${option.name} would be fetched by the CLI`,
      'download it yourself and give the content',
    );
  if (option.name === 'queue-url' && !QUEUE_URL.test(value))
    refuse('this queue URL is not one of SQS', 'use the URL that aws sqs get-queue-url prints');
  return value;
}

function checkFileValue(
  option: AwsOption,
  value: string,
  { cwd, files, alone }: { cwd: string; files: FileNeed[]; alone: boolean },
): string {
  const match = /^(fileb?:\/\/)(.+)$/s.exec(value);
  if (match === null || option.literal || !alone || !takesText(option)) {
    return refuse(`--${option.name} cannot be read from a file`, 'type the value itself');
  }
  const path = checkPath(match[2]!, { cwd, use: 'read', tree: false });
  files.push({ path, use: 'read', tree: false });
  return `${match[1]!}${path}`;
}
