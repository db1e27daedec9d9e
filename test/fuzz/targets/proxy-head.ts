// The injector's open door: the head of a request from anybody on the machine.

import { ok } from 'node:assert/strict';
import { connect } from 'node:net';
import * as fc from 'fast-check';

import { Admission } from '../../../repeaters/aws/inject/admission.js';
import { createCertificateAuthority } from '../../../repeaters/aws/inject/certificates.js';
import { type Proxy, startProxy } from '../../../repeaters/aws/inject/proxy.js';
import { mutated, pieced } from '../arbitraries/text.js';
import { counter, type FuzzTarget } from '../target.js';

interface Door {
  proxy: Proxy;
  admission: Admission;
}
let open: Promise<Door> | undefined;

async function openDoor(): Promise<Door> {
  const admission = new Admission([], 'us-east-1');
  const proxy = await startProxy({
    authority: createCertificateAuthority(),
    find: (user) => (user === admission.user ? admission : undefined),
    handle: () => Promise.resolve(),
  });
  return { proxy, admission };
}

/** First line of the answer to these bytes, `closed` when there is none. */
function answer(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      if (text.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(text.split('\r\n')[0] || 'closed'));
  });
}

const line = fc.constantFrom(
  'CONNECT s3.amazonaws.com:443 HTTP/1.1', 'CONNECT 127.0.0.1:443 HTTP/1.1', 'CONNECT evil.example:80 HTTP/1.1', 'GET http://a.b/ HTTP/1.1',
  'GET / HTTP/1.1', 'CONNECT s3.amazonaws.com:443@x HTTP/1.1', 'PRI * HTTP/2.0', 'CONNECT [::1]:443 HTTP/1.1', 'CONNECT a:443 HTTP/1.0',
); // prettier-ignore
const header = fc.constantFrom(
  'Host: a',
  'Origin: null',
  'Proxy-Authorization: Basic OnA=',
  'Proxy-Authorization: Bearer USER',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'X: y',
);
const heads = fc.tuple(
  line,
  fc.array(fc.oneof({ arbitrary: header, weight: 9 }, { arbitrary: pieced(['Origin', ':', ' ', '\r', '\n', '\0', 'USER'], 4), weight: 1 }), { maxLength: 3 }).map((lines) => lines.map((one) => `${one}\r\n`).join('')),
); // prettier-ignore

const tunnels = counter();

export const PROXY_HEAD: FuzzTarget[] = [
  {
    name: 'proxy/head',
    claim: 'no head opens a tunnel but one with the password of a running call to a named host on port 443',
    cases: 150,
    taken: tunnels.taken,
    close: async () => {
      await (await open)?.proxy.close();
    },
    property: fc.asyncProperty(heads, fc.boolean(), mutated(fc.constant(new Uint8Array())), async ([first, rest], known, tail) => {
      open ??= openDoor();
      const { proxy, admission } = await open;
      const secret = Buffer.from(`${admission.user}:${known ? admission.password : 'wrong'}`).toString('base64');
      const head = `${first}\r\n${known ? `Proxy-Authorization: Basic ${secret}\r\n` : ''}${rest.replaceAll('USER', secret)}\r\n`;
      const said = await answer(proxy.port, Buffer.concat([Buffer.from(head, 'latin1'), tail]));
      if (!said.startsWith('HTTP/1.1 200')) return;
      tunnels.add();
      ok(known, 'a tunnel without a password');
      ok(/^CONNECT [a-z0-9.-]+:443 /.test(first), first);
      ok(!/^origin:/im.test(head.split('\r\n\r\n')[0] ?? ''));
    }), // prettier-ignore
  },
];
