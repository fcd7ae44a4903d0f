import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inputFor } from '../../dev-stack/input-for.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { makeCertificates } from '../harness/certificates.js';
import { failureOf } from '../harness/failure-of.js';
import { folderFor, forFile, forTest, startWorkerFor, testFile } from '../harness/fixtures.js';
import { startForwardProxy } from '../harness/forward-proxy.js';
import { needPrograms } from '../harness/needs.js';
import { run } from '../harness/start.js';
import { startTimeSkipping } from '../harness/temporal.js';
import { startTlsTerminator } from '../harness/tls-terminator.js';

needPrograms({ openssl: 'openssl' });

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'nested-server-connection';

const temporal = await forFile(startTimeSkipping());
const certificates = await makeCertificates(await folderFor(testFile));

/** Starts a conversation on a nested server behind TLS. The worker process has this environment. */
async function startOverTls(t: TestContext, env: Readonly<Record<string, string>>) {
  startWorkerFor(t, { env: { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue, ...env } });
  const server = await forTest(t, OpenHandsStandIn.listen());
  const targetPort = Number(new URL(server.url).port);
  const terminator = await forTest(t, startTlsTerminator({ targetPort, certificates }));
  const input = inputFor(`https://localhost:${terminator.port}`);
  return { server, host: new URL(input.apiUrl).host, outcome: run(temporal, input, taskQueue) };
}

describe('a conversation on a nested server with a certificate of a private CA', () => {
  test('becomes ready if NODE_EXTRA_CA_CERTS names the CA', async (t) => {
    const { outcome } = await startOverTls(t, { NODE_EXTRA_CA_CERTS: certificates.ca });
    assert.equal((await outcome).status, 'RUNNING');
  });

  test('fails if it does not, and the failure says what to do', async (t) => {
    const { server, outcome } = await startOverTls(t, {});
    const { type, message } = await failureOf(outcome);
    assert.equal(type, 'NestedServerUnavailable');
    assert.match(message, /its certificate is signed by a CA .* not trust: name the CA's file in NODE_EXTRA_CA_CERTS/);
    assert.deepEqual(server.requests, []);
  });

  test('becomes ready through a proxy if one is requested', async (t) => {
    const proxy = await forTest(t, startForwardProxy());
    const { host, outcome } = await startOverTls(t, {
      NODE_EXTRA_CA_CERTS: certificates.ca,
      NESTED_SERVER_PROXY_FROM_ENVIRONMENT: 'true',
      HTTPS_PROXY: proxy.url,
    });
    assert.equal((await outcome).status, 'RUNNING');
    assert.deepEqual(new Set(proxy.requests), new Set([`CONNECT ${host}`]));
  });
});

test('NESTED_SERVER_ALLOW limits where a worker sends requests', async (t) => {
  const { server, outcome } = await startOverTls(t, { NESTED_SERVER_ALLOW: '*.example.com, 10.0.0.0/8' });
  const { type, message } = await failureOf(outcome);
  assert.equal(type, 'ConversationRejected');
  assert.match(message, /^GET https:\S+ was not sent: no rule of NESTED_SERVER_ALLOW allows localhost on port \d+$/);
  assert.deepEqual(server.requests, []);
});
