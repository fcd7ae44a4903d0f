import { type ConnectionOptions, connect } from 'node:tls';
import { oneLine } from '../contract/printing/one-line.js';
import type { TemporalConfig } from './temporal.js';

type TemporalConnection = TemporalConfig['connectionOptions'];

const clientCertificate = 'TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH';

/** The cause of a failed handshake, by error code. The first match counts. */
const problems: readonly { readonly code: RegExp; readonly problem: string }[] = [
  {
    code: /SELF_SIGNED|ISSUER|LEAF_SIGNATURE|SIGNATURE_FAILURE/,
    problem: 'its certificate is not signed by a CA that is trusted here (TEMPORAL_TLS_SERVER_CA_CERT_PATH)',
  },
  { code: /ALTNAME/, problem: 'its certificate is for another name (TEMPORAL_TLS_SERVER_NAME, TEMPORAL_ADDRESS)' },
  { code: /KEY_VALUES_MISMATCH/, problem: `the client certificate has another key (${clientCertificate})` },
  { code: /ALERT|^ended$/, problem: `it rejects the client certificate, or requires one (${clientCertificate})` },
  { code: /WRONG_VERSION_NUMBER/, problem: 'it does not speak TLS (TEMPORAL_TLS=false, TEMPORAL_ADDRESS)' },
];

/** gRPC's UNAUTHENTICATED, in the words of the client and of the worker. */
const unauthenticated = /UNAUTHENTICATED|valid authentication credentials/;

/** The connection timeout of the SDK's client. */
const handshakeTimeoutMs = 10_000;

/**
 * The start of every HTTP/2 connection: the preface, and empty settings. A server answers, or closes a connection that
 * it refuses.
 */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/**
 * Why Temporal can't be reached, in one line that names the setting to check.
 *
 * The SDK's clients report a failed handshake only as a timeout or a transport error. The handshake is therefore
 * repeated here to find the cause.
 */
export async function whyUnreachable(connection: TemporalConnection, error: unknown): Promise<string> {
  const { address } = connection;
  const problem = unauthenticated.test(oneLine(error))
    ? 'it rejects the API key, or requires one (TEMPORAL_API_KEY)'
    : await handshakeProblem(connection);
  return problem
    ? `can't reach Temporal at ${address}: ${problem}`
    : `can't reach Temporal at ${address} (TEMPORAL_ADDRESS): ${reasonOf(error)}`;
}

/** The readable part of an SDK error, in one line. */
export function reasonOf(error: unknown): string {
  // The SDK's core reports errors in Rust's debug notation, with the reason in quotes.
  const [, reason] = /(?:message|error): "([^"]+)"/.exec(oneLine(error)) ?? [];
  return reason ?? oneLine(error);
}

async function handshakeProblem({ address, tls }: TemporalConnection): Promise<string | undefined> {
  if (!tls) {
    // The certificate does not matter: this only checks whether the server speaks TLS, and sends only the preface.
    const { secured } = await handshake(address, { rejectUnauthorized: false });
    return secured ? 'it speaks TLS (TEMPORAL_TLS=true)' : undefined;
  }
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = tls === true ? {} : tls;
  const { code } = await handshake(address, {
    ...(serverNameOverride && { servername: serverNameOverride }),
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  return problems.find((candidate) => candidate.code.test(code))?.problem;
}

interface Handshake {
  /** Whether the TLS handshake succeeded. In TLS 1.3, the server can reject a client certificate only after that. */
  readonly secured: boolean;
  /** The error code of OpenSSL or the system, `ended` if the server closed the connection, or empty. */
  readonly code: string;
}

function handshake(address: string, options: ConnectionOptions): Promise<Handshake> {
  const { hostname, port } = new URL(`https://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise<Handshake>((resolve) => {
    let secured = false;
    const socket = connect({ host, port: Number(port), ALPNProtocols: ['h2'], ...options });
    const end = (code: string) => {
      socket.destroy();
      resolve({ secured, code });
    };
    socket
      .on('secureConnect', () => {
        secured = true;
        socket.write(http2Preface);
      })
      .on('error', ({ code }: NodeJS.ErrnoException) => end(code ?? ''))
      .on('data', () => end(''))
      .on('end', () => end('ended'))
      .setTimeout(handshakeTimeoutMs, () => end(''));
    // Unusable options, such as a key that doesn't match its certificate, are thrown at once.
  }).catch(({ code }: NodeJS.ErrnoException) => ({ secured: false, code: code ?? '' }));
}
