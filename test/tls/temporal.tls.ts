import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../cli/exit-codes.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Ended, startProgram } from '../../dev-stack/programs.js';
import { startApiKeyGate } from '../harness/api-key-gate.js';
import { type Certificates, makeCertificates } from '../harness/certificates.js';
import { folderFor, forFile, standInForFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { needPrograms } from '../harness/needs.js';
import { startDevServer } from '../harness/temporal.js';
import { startTlsTerminator } from '../harness/tls-terminator.js';

needPrograms({ openssl: 'openssl' });

type Env = Readonly<Record<string, string>>;

const apiKey = 'key-of-the-namespace';

const temporal = await forFile(startDevServer());
const temporalPort = Number(temporal.env.address.split(':').at(-1));
const server = await standInForFile();
const ours = await makeCertificates(await folderFor(testFile));
/** Certificates of an unrelated CA. */
const others = await makeCertificates(await folderFor(testFile));
const gate = await forFile(startApiKeyGate({ targetPort: temporalPort, apiKey }));
const options = { targetPort: temporalPort, certificates: ours, alpnProtocols: ['h2'] };
const tls = await forFile(startTlsTerminator(options));
const mutualTls = await forFile(startTlsTerminator({ ...options, requireClientCertificate: true }));
const gatedTls = await forFile(startTlsTerminator({ ...options, targetPort: gate.port }));

/** The settings to trust our CA on this port. */
const at = ({ port }: { readonly port: number }): Env => ({
  TEMPORAL_ADDRESS: `localhost:${port}`,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours.ca,
});

const clientCertificate = ({ clientCert, clientKey }: Certificates): Env => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: clientCert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: clientKey,
});

describe('a worker and the command line make a conversation ready', () => {
  const connections: { name: string; env: Env }[] = [
    { name: 'over TLS with a private CA', env: at(tls) },
    { name: 'over mutual TLS', env: { ...at(mutualTls), ...clientCertificate(ours) } },
    { name: 'with an API key', env: { ...at(gatedTls), TEMPORAL_API_KEY: apiKey } },
  ];

  for (const { name, env } of connections) {
    test(name, async (t) => {
      const taskQueue = { TEMPORAL_TASK_QUEUE: `temporal-tls ${name}` };
      const worker = startWorkerFor(t, { env: { ...env, ...taskQueue } });
      const { sid, ...input } = inputFor(server.url);
      const { exitCode, stdout, stderr } = await startProgram('cli/main.js', {
        args: ['start', '--input', '-', '--sid', sid, '--wait'],
        env: { ...env, ...taskQueue },
        input: JSON.stringify(input),
      }).ended;
      assert.equal(stdout, `${sid} is ready (RUNNING) after 1 look\n`, stderr);
      assert.equal(exitCode, 0);
      worker.kill('SIGTERM');
      assert.equal((await worker.ended).exitCode, 0);
    });
  }
});

// Several at a time, because the SDK's client takes ten seconds to give up.
describe('a wrong setting is reported by name in one line:', { concurrency: 8 }, () => {
  const refusesCertificate =
    /: it rejects the client certificate, or requires one \(TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH\)$/;
  const untrusted =
    /: its certificate is not signed by a CA that is trusted here \(TEMPORAL_TLS_SERVER_CA_CERT_PATH\)$/;
  const refusesKey = /: it rejects the API key, or requires one \(TEMPORAL_API_KEY\)$/;

  const mistakes: { name: string; env: Env; complaint: RegExp }[] = [
    {
      name: 'no TLS',
      env: { TEMPORAL_ADDRESS: `localhost:${tls.port}` },
      complaint: /: it speaks TLS \(TEMPORAL_TLS=true\)$/,
    },
    {
      name: 'TLS for a server without TLS',
      env: { TEMPORAL_ADDRESS: `localhost:${temporalPort}`, TEMPORAL_TLS: 'true' },
      complaint: /: it does not speak TLS \(TEMPORAL_TLS=false, TEMPORAL_ADDRESS\)$/,
    },
    {
      name: 'TLS for a port where nothing listens',
      env: { TEMPORAL_ADDRESS: 'localhost:1', TEMPORAL_TLS: 'true' },
      complaint: /^can't reach Temporal at localhost:1 \(TEMPORAL_ADDRESS\): /,
    },
    {
      name: 'no CA',
      env: { TEMPORAL_ADDRESS: `localhost:${tls.port}`, TEMPORAL_TLS: 'true' },
      complaint: untrusted,
    },
    {
      name: 'the wrong CA',
      env: { ...at(tls), TEMPORAL_TLS_SERVER_CA_CERT_PATH: others.ca },
      complaint: untrusted,
    },
    {
      name: 'the wrong server name',
      env: { ...at(tls), TEMPORAL_TLS_SERVER_NAME: 'elsewhere.example' },
      complaint: /: its certificate is for another name \(TEMPORAL_TLS_SERVER_NAME, TEMPORAL_ADDRESS\)$/,
    },
    { name: 'no client certificate', env: at(mutualTls), complaint: refusesCertificate },
    {
      name: 'a client certificate of an unrelated CA',
      env: { ...at(mutualTls), ...clientCertificate(others) },
      complaint: refusesCertificate,
    },
    {
      name: 'a client certificate with an unrelated key',
      env: { ...at(mutualTls), ...clientCertificate({ ...ours, clientKey: others.clientKey }) },
      complaint:
        /: the client certificate has another key \(TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH\)$/,
    },
    { name: 'no API key', env: at(gatedTls), complaint: refusesKey },
    { name: 'the wrong API key', env: { ...at(gatedTls), TEMPORAL_API_KEY: 'wrong' }, complaint: refusesKey },
  ];

  for (const { name, env, complaint } of mistakes) {
    test(`${name}, for a worker`, async () => {
      assertComplaint(
        await startProgram('worker/main.js', { env }).ended,
        'nested-conversations worker: ',
        complaint,
        1,
      );
    });

    test(`${name}, on the command line`, async () => {
      const ended = await startProgram('cli/main.js', { env, args: ['status', 'conv_1'] }).ended;
      assertComplaint(ended, 'nested-conversation: ', complaint, exitCodes.unreachable);
    });
  }
});

function assertComplaint(
  { stderr, stdout, exitCode }: Ended,
  prefix: string,
  complaint: RegExp,
  expected: number,
): void {
  assert.match(stderr, /^[^\n]+\n$/);
  assert.equal(stderr.slice(0, prefix.length), prefix);
  assert.match(stderr.slice(prefix.length, -1), complaint);
  assert.deepEqual({ exitCode, stdout }, { exitCode: expected, stdout: '' });
}
