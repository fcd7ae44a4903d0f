import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Paths of PEM files. One private CA signs the certificates. */
export interface Certificates {
  readonly ca: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Creates the certificates in `folder` with the `openssl` command. They are valid for two days. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const ca = await makeCertificate(folder, 'ca', ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign']);
  const server = await makeCertificate(
    folder,
    'server',
    ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ca,
  );
  const client = await makeCertificate(
    folder,
    'client',
    ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=clientAuth', 'subjectAltName=DNS:client'],
    ca,
  );
  return {
    ca: ca.cert,
    serverCert: server.cert,
    serverKey: server.key,
    clientCert: client.cert,
    clientKey: client.key,
  };
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Self-signed if there is no `issuer`. */
async function makeCertificate(
  folder: string,
  name: string,
  extensions: readonly string[],
  issuer?: Certificate,
): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  const args = [
    ...['req', '-x509', '-days', '2', '-subj', `/CN=Test ${name}`],
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'],
    ...extensions.flatMap((extension) => ['-addext', extension]),
    ...(issuer ? ['-CA', issuer.cert, '-CAkey', issuer.key] : []),
    ...['-keyout', key, '-out', cert],
  ];
  // The configuration of this machine would add extensions.
  const env = { PATH: process.env.PATH, OPENSSL_CONF: '/dev/null' };
  try {
    await promisify(execFile)('openssl', args, { env });
  } catch (error) {
    throw new Error('No certificates: the test needs the openssl command, 3.0 or newer', { cause: error });
  }
  return { cert, key };
}
