import { describe, expect, it } from 'vitest';
import { isSecretName, redactText } from '../../../src/audit/redact.js';

const TAIL = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0';
const KINDS: readonly (readonly [kind: string, secret: string])[] = [
  ['aws-key-id', 'AKIAIOSFODNN7EXAMPLE'],
  ['aws-key-id', 'ASIAIOSFODNN7EXAMPLE'],
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ['github', `${prefix}${TAIL}`] as const),
  ['github', `github_pat_${TAIL}`],
  ['api-key', `sk-ant-api03-${TAIL}`],
  ['slack', `xoxb-123456789012-${TAIL}`],
  ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlc2lnbmF0dXJl'],
  ['turret', 'trt_05utW1UE93xxDcTCJWGi3dt88tFLBDLykaLNMBTeNwsx9nEwA0gKy9AFjm4QqnoU'],
  ...['trb_', 'tra_', 'trr_'].map((prefix) => ['turret', `${prefix}${TAIL}${TAIL.slice(0, 24)}`] as const),
  ['pem', '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'],
];

/** CPU microseconds for one text of this size. */
function cost(piece: string, bytes: number): number {
  const text = piece.repeat(Math.ceil(bytes / piece.length));
  const started = process.cpuUsage();
  redactText(text);
  const { user, system } = process.cpuUsage(started);
  return user + system;
}

describe('redaction', () => {
  it.each(KINDS)('takes out a %s wherever it stands: %s', (kind, secret) => {
    for (const text of [secret, `x ${secret} y`, `s3://b/${secret}?v=1`, `"${secret}"`, `a=${secret},b`]) {
      const { text: redacted, count } = redactText(text);
      expect(redacted).not.toContain(secret.slice(4, -4));
      expect(count).toBe(1);
    }
    expect(redactText(`x ${secret} y`).text).toMatch(
      new RegExp(`^x ‹redacted:${kind}:sha256:[0-9a-f]{4}› y$`),
    );
  });

  it('leaves what only looks a little like one', () => {
    for (const text of [
      'AKIAIOSFODNN7EXAMPL',
      'ghp_short',
      'github_pat_x',
      'task-runner-sk-learn',
      'sk-learn',
      'eyJhbGciOiJIUzI1NiJ9',
      'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf',
      'https://example.com:8443/path?token=a',
      '-----BEGIN PUBLIC KEY-----',
      'aws s3 ls s3://team-a/reports/2026',
    ]) {
      expect(redactText(text)).toEqual({ text, count: 0 });
    }
  });

  it('takes out values by the name in front of them and keeps the rest of the text', () => {
    expect(
      redactText('s3://b/?X-Amz-Signature=abc&X-Amz-Security-Token=SECRET&X-Amz-Date=2026').text,
    ).toMatch(
      /^s3:\/\/b\/\?X-Amz-Signature=‹redacted:aws-query:sha256:\w{4}›&X-Amz-Security-Token=‹redacted:aws-query:sha256:\w{4}›&X-Amz-Date=2026$/,
    );
    expect(redactText('-H "Authorization: Bearer abc def"').text).toMatch(
      /^-H "Authorization: ‹redacted:header:sha256:\w{4}›$/,
    );
    expect(redactText('aUTHORIZATION=x').text).toMatch(/^aUTHORIZATION=‹redacted:header:/);
    expect(redactText('--password=hunter2 --user bob').text).toMatch(
      /^--password=‹redacted:named:sha256:\w{4}› --user bob$/,
    );
    expect(redactText('{"db_password": "hunter2","n":1}').text).toMatch(
      /^\{"db_password": "‹redacted:named:sha256:\w{4}›","n":1\}$/,
    );
    expect(redactText('AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG').text).not.toContain('wJal');
    expect(redactText('https://bob:hunter2@example.com/x').text).toMatch(
      /^https:\/\/bob:‹redacted:userinfo:sha256:\w{4}›@example\.com\/x$/,
    );
  });

  it('shows equal secrets equal and different ones different', () => {
    const [a, b, c] = ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE', 'AKIAI44QH8DHBEXAMPLE'].map(
      (key) => redactText(key).text,
    );
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('knows names that carry secrets and their harmless neighbours', () => {
    for (const name of [
      '--password',
      '--master-user-password',
      'secret_string',
      '--secret-access-key',
      'auth_token',
      '--token',
    ]) {
      expect([name, isSecretName(name)]).toEqual([name, true]);
    }
    for (const name of [
      '--starting-token',
      'next_token',
      '--secret-id',
      'key',
      'bucket',
      '--client-request-token',
      'tokens',
    ]) {
      expect([name, isSecretName(name)]).toEqual([name, false]);
    }
  });

  it('takes time linear in the text, for texts made to be slow', () => {
    const evil = [
      'eyJ',
      'eyJaaaaaaaaa.',
      'authorization ',
      'authorization:',
      'password',
      '://a:',
      '-----BEGIN ',
      'AKIA',
      'sk-',
      'a',
      'token="',
      '://',
      '-----BEGIN A PRIVATE KEY-----',
    ];
    for (const piece of evil) {
      // Quadratic work on 200,000 characters would take minutes of CPU; linear work takes milliseconds.
      expect({ piece, slow: cost(piece, 200_000) > 2_000_000 }).toEqual({ piece, slow: false });
    }
  });
});
