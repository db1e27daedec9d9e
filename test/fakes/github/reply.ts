import { createHash } from 'node:crypto';

export interface GithubReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON when `json` is there, else bytes. */
  readonly json?: unknown;
  readonly bytes?: Buffer;
}

export interface GithubRequest {
  readonly method: string;
  readonly host: string;
  /** Percent-encoding still in it. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export const DOCUMENTATION = 'https://docs.github.com/rest';
export const json = (status: number, value: unknown): GithubReply => ({ status, json: value });
export const notFoundReply = (): GithubReply =>
  json(404, { message: 'Not Found', documentation_url: DOCUMENTATION });
export const invalid = (message: string): GithubReply =>
  json(422, { message: 'Validation Failed', errors: [{ message }], documentation_url: DOCUMENTATION });

/** Members of a JSON body; nothing when it is no object. */
export function members(request: GithubRequest): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(request.body.toString() || '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Routes that need a member answer 422 when it is not there, which covers a body that is no JSON.
    return {};
  }
}

/** One page of a list with GitHub's Link header (next, last, prev, first). */
export function paged(
  request: GithubRequest,
  all: readonly unknown[],
  wrap = (page: readonly unknown[]): unknown => page,
): GithubReply {
  const size = Math.min(100, Math.max(1, Number(request.query.get('per_page') ?? '30') || 30));
  const page = Math.max(1, Number(request.query.get('page') ?? '1') || 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (number: number, rel: string): string => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(number));
    return `<https://api.github.com${request.path}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    status: 200,
    json: wrap(all.slice((page - 1) * size, page * size)),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}

/** A link to the asset host is a bearer link: the signature in it is what lets one in, not a token. */
export const assetSignature = (id: number): string =>
  createHash('sha256').update(`asset ${id}`).digest('hex');
