// Which host a request is for, and whether the credential belongs there. gh sends every request to the one socket
// with a true Host header, so this list is complete: what is not in it does not exist.

export type HostRole = 'api' | 'uploads' | 'archive' | 'download';

/** Where GitHub keeps files. They are reached by addresses that carry their own signature; no token goes there. */
const DOWNLOADS: readonly RegExp[] = [
  /^(?:objects|release-assets|github-releases|github-production-release-asset-[a-z0-9]+|raw)\.githubusercontent\.com$/,
  /^[a-z0-9-]+\.actions\.githubusercontent\.com$/,
  /^[a-z0-9]{3,24}\.blob\.core\.windows\.net$/,
];

/** @param host the configured host, `github.com` or an enterprise server */
export function hostRole(header: string, host: string): HostRole | undefined {
  const name = header.toLowerCase();
  if (host === 'github.com') {
    if (name === 'api.github.com') return 'api';
    if (name === 'uploads.github.com') return 'uploads';
    if (name === 'codeload.github.com') return 'archive';
    return DOWNLOADS.some((pattern) => pattern.test(name)) ? 'download' : undefined;
  }
  if (name === host) return 'api';
  if (name === `codeload.${host}`) return 'archive';
  return name === `media.${host}` ? 'download' : undefined;
}

/** The path as github.com has it: an enterprise server puts the API below /api. */
export function plainPath(path: string, host: string): string {
  if (host === 'github.com') return path;
  if (path === '/api/graphql') return '/graphql';
  return path.replace(/^\/api\/(?:v3|uploads)(?=\/|$)/, '') || '/';
}
