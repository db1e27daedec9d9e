// The injector of one repeater process: the CLI signs with a dummy key, the injector checks what it sends against the
// approval and signs with the real one. The real credential is in no other process.

import { mkdtemp, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { WireAllowance } from '../wire-allowance.js';
import { Admission } from './admission.js';
import { createCertificateAuthority } from './certificates.js';
import { handle } from './exchange.js';
import type { WireTables } from './hosts.js';
import { startProxy } from './proxy.js';
import type { Credential } from './resign.js';
import { createUpstream } from './upstream.js';

export interface InjectorOptions {
  /** Private directory; the CA certificate is written below it. */
  directory: string;
  tables: WireTables;
  /** The real credential, fresh. Called for every request; has to cache. */
  credentials: () => Promise<Credential>;
  /** Where the operator pinned the upstream; AWS itself without it. */
  endpoint?: URL | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** Already listening, where only the CLIs are; a loopback port of this machine without it. */
  door?: Server | undefined;
}

export interface AdmittedCall {
  /** What the CLI's environment needs, to be added to one built from nothing. */
  readonly env: Record<string, string>;
  /** One of the values is this file, which it reads. */
  readonly caFile: string;
  /** The first thing that was refused, in a sentence. */
  refused(): string | undefined;
  /** Requests that went upstream. */
  sent(): number;
  /** From now on nothing of this call passes; what is under way is cut. */
  close(): void;
}

export interface Injector {
  /** Without a region the CLI gets none, and only global hosts and us-east-1 pass. */
  admit(call: { allow: readonly WireAllowance[]; region: string | undefined }): AdmittedCall;
  close(): Promise<void>;
}

export async function startInjector(options: InjectorOptions): Promise<Injector> {
  const { directory, tables, credentials, endpoint, now, door } = options;
  const authority = createCertificateAuthority();
  const caFile = join(await mkdtemp(join(directory, 'ca-')), 'ca.pem');
  await writeFile(caFile, authority.pem, { mode: 0o600, flag: 'wx' });
  const upstream = createUpstream(endpoint);
  const admitted = new Map<string, Admission>();
  const proxy = await startProxy({
    authority,
    door,
    find: (user) => admitted.get(user),
    handle: (exchange, tunnel) => handle(exchange, { ...tunnel, tables, upstream, credentials, now }),
  });
  const end = (admission: Admission): void => {
    admitted.delete(admission.user);
    admission.ended.abort();
  };
  return {
    admit: ({ allow, region }) => {
      const admission = new Admission(allow, region ?? 'us-east-1');
      admitted.set(admission.user, admission);
      return {
        env: {
          ...environment(admission, { port: proxy.port, caFile }),
          ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
        },
        caFile,
        refused: () => admission.refused,
        sent: () => admission.sent,
        close: () => end(admission),
      };
    },
    close: async () => {
      for (const admission of admitted.values()) end(admission);
      upstream.close();
      await proxy.close();
    },
  };
}

function environment(
  { user, password, dummy }: Admission,
  at: { port: number; caFile: string },
): Record<string, string> {
  const proxy = `http://${user}:${password}@127.0.0.1:${at.port}`;
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    AWS_CA_BUNDLE: at.caFile,
    AWS_ACCESS_KEY_ID: dummy.accessKeyId,
    AWS_SECRET_ACCESS_KEY: dummy.secretAccessKey,
  };
}
