import type { AwsProtocol, Reply } from './wire.js';
import { encodeCbor } from './cbor.js';
import { document, xml, Xml } from './xml.js';

/** Every answer carries this id: a fixed one keeps two runs of one command byte-identical. */
export const REQUEST_ID = '7a62c49f-347e-4fc4-9331-6e8eFAKE0001';

/** An error the service answers with, before it is put into the protocol's own form. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, string>>;
  constructor(
    code: string,
    status: number,
    message: string,
    extra: { headers?: Record<string, string>; details?: Record<string, string> } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = extra.headers ?? {};
    this.details = extra.details ?? {};
  }
}

export type AuthProblem = 'missing' | 'unknown-key' | 'bad-signature' | 'skew' | 'bad-token' | 'bad-body';

const INVALID_TOKEN_TEXT = 'The security token included in the request is invalid.';
const SIGNATURE_TEXT =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const SKEW_TEXT = 'Signature expired: the request time is more than 15 minutes away from the current time.';

const S3_ERRORS: Record<AuthProblem, readonly [string, number, string]> = {
  missing: ['AccessDenied', 403, 'Access Denied'],
  'unknown-key': [
    'InvalidAccessKeyId',
    403,
    'The AWS Access Key Id you provided does not exist in our records.',
  ],
  'bad-signature': [
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  skew: [
    'RequestTimeTooSkewed',
    403,
    'The difference between the request time and the current time is too large.',
  ],
  'bad-token': ['InvalidToken', 400, 'The provided token is malformed or otherwise invalid.'],
  'bad-body': [
    'XAmzContentSHA256Mismatch',
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
};

const QUERY_ERRORS: Record<AuthProblem, readonly [string, number, string]> = {
  missing: ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
  'unknown-key': ['InvalidClientTokenId', 403, INVALID_TOKEN_TEXT],
  'bad-signature': ['SignatureDoesNotMatch', 403, SIGNATURE_TEXT],
  skew: ['SignatureDoesNotMatch', 403, SKEW_TEXT],
  'bad-token': ['InvalidClientTokenId', 403, INVALID_TOKEN_TEXT],
  'bad-body': ['SignatureDoesNotMatch', 403, SIGNATURE_TEXT],
};

const JSON_ERRORS: Record<AuthProblem, readonly [string, number, string]> = {
  missing: ['MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
  'unknown-key': ['UnrecognizedClientException', 400, INVALID_TOKEN_TEXT],
  'bad-signature': ['InvalidSignatureException', 400, SIGNATURE_TEXT],
  skew: ['InvalidSignatureException', 400, SKEW_TEXT],
  'bad-token': ['UnrecognizedClientException', 400, INVALID_TOKEN_TEXT],
  'bad-body': ['InvalidSignatureException', 400, SIGNATURE_TEXT],
};

/** The error real AWS gives for a credential problem; EC2 says AuthFailure for all but a missing credential. */
export function authError(problem: AuthProblem, protocol: AwsProtocol): AwsError {
  if (protocol === 'ec2' && problem !== 'missing' && problem !== 'skew') {
    return new AwsError('AuthFailure', 401, 'AWS was not able to validate the provided access credentials');
  }
  const table =
    protocol === 'rest-xml'
      ? S3_ERRORS
      : protocol === 'query' || protocol === 'ec2'
        ? QUERY_ERRORS
        : JSON_ERRORS;
  const [code, status, message] = table[problem];
  return new AwsError(code, protocol === 'rest-json' ? 403 : status, message);
}

/** An error in the protocol's native form. HEAD answers carry no body, as on the real service. */
export function renderError(error: AwsError, protocol: AwsProtocol, method: string): Reply {
  const ids = { 'x-amzn-requestid': REQUEST_ID, 'x-amz-request-id': REQUEST_ID, ...error.headers };
  const reply = (contentType: string, body: string | Uint8Array): Reply => ({
    status: error.status,
    headers: { 'content-type': contentType, ...ids },
    body: method === 'HEAD' ? '' : body,
  });
  switch (protocol) {
    case 'rest-xml': {
      const details = Object.entries(error.details).map(
        ([name, value]) => xml`${new Xml(`<${name}>`)}${value}${new Xml(`</${name}>`)}`,
      );
      return reply(
        'application/xml',
        document(
          xml`<Error><Code>${error.code}</Code><Message>${error.message}</Message>${details}<RequestId>${REQUEST_ID}</RequestId><HostId>fake</HostId></Error>`,
        ),
      );
    }
    case 'ec2':
      return reply(
        'text/xml;charset=UTF-8',
        document(
          xml`<Response><Errors><Error><Code>${error.code}</Code><Message>${error.message}</Message></Error></Errors><RequestID>${REQUEST_ID}</RequestID></Response>`,
        ),
      );
    case 'query':
      return reply(
        'text/xml',
        document(
          xml`<ErrorResponse><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${error.message}</Message></Error><RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`,
        ),
      );
    case 'json':
    case 'rest-json':
      return {
        ...reply(
          'application/x-amz-json-1.1',
          JSON.stringify({ __type: error.code, message: error.message }),
        ),
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': error.code, ...ids },
      };
    default:
      return {
        ...reply('application/cbor', encodeCbor({ __type: error.code, message: error.message })),
        headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', ...ids },
      };
  }
}
