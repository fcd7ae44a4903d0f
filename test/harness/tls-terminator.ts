import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificates } from './certificates.js';

export interface TlsTerminatorOptions {
  /** The port of a server on 127.0.0.1 without TLS. */
  readonly targetPort: number;
  readonly certificates: Certificates;
  /** Whether clients need a certificate of the CA. @default false */
  readonly requireClientCertificate?: boolean;
  /** The protocols to negotiate, for example `['h2']`. @default none */
  readonly alpnProtocols?: string[];
}

export interface TlsTerminator {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1, terminates TLS, and forwards the bytes of any protocol. */
export async function startTlsTerminator(options: TlsTerminatorOptions): Promise<TlsTerminator> {
  const { targetPort, certificates, requireClientCertificate = false, alpnProtocols } = options;
  const [ca, cert, key] = await Promise.all(
    [certificates.ca, certificates.serverCert, certificates.serverKey].map((path) => readFile(path)),
  );
  const open = new Set<TLSSocket>();
  const server = createServer(
    {
      ca,
      cert,
      key,
      requestCert: requireClientCertificate,
      rejectUnauthorized: requireClientCertificate,
      ...(alpnProtocols && { ALPNProtocols: alpnProtocols }),
    },
    (incoming) => {
      open.add(incoming);
      pipeline(incoming, connect(targetPort, '127.0.0.1'), incoming, () => open.delete(incoming));
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
