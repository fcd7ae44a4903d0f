import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { folderFor, forFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'worker-process';

const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client, { taskQueue });
const folder = await folderFor(testFile);

const startWorker = (t: TestContext, env: Readonly<Record<string, string>> = {}) =>
  startWorkerFor(t, { env: { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue, ...env } });

describe('a worker process', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`makes a conversation ready and exits with 0 at ${signal}`, async (t) => {
      const worker = startWorker(t);
      const input = inputFor(server.url);
      const result = await conversations.ensureReady(input);
      const { conversationId, status, attempts } = result;
      assert.deepEqual([conversationId, status, attempts], [input.sid, 'RUNNING', 1]);
      worker.kill(signal);
      assert.equal((await worker.ended).exitCode, 0);
    });
  }

  const drains = [
    { name: 'finishes the check in progress at SIGTERM', graceTime: '30 seconds', isAnswered: true, looks: 1 },
    {
      name: 'gives up a check that takes longer than its grace time',
      graceTime: '1 second',
      isAnswered: false,
      looks: 2,
    },
  ];
  for (const { name, graceTime, isAnswered, looks } of drains) {
    test(`${name}, and the next worker continues from there`, async (t) => {
      const worker = startWorker(t, { WORKER_SHUTDOWN_GRACE_TIME: graceTime });
      const input = inputFor(server.url, { readiness: { interval: '1 second', lookTimeout: '1 minute' } });
      const path = `/api/conversations/${input.sid}/events`;
      const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
      await conversations.start(input);
      await look.reached;
      worker.kill('SIGTERM');
      await worker.reported('STOPPING');
      if (isAnswered) look.release();
      assert.equal((await worker.ended).exitCode, 0);

      const next = startWorker(t);
      assert.equal((await conversations.ensureReady(input)).attempts, looks);
      assert.equal(server.count(`GET ${path}`), 2 + looks);
      next.kill('SIGTERM');
      await next.ended;
    });
  }
});

describe('a worker reports an invalid setting in one line and exits with 1:', () => {
  const mistakes: { name: string; env: () => Record<string, string>; complaint: RegExp }[] = [
    {
      name: 'an invalid Temporal address',
      env: () => ({ TEMPORAL_ADDRESS: 'garbage' }),
      complaint: /^TEMPORAL_ADDRESS must be host:port, .* 'garbage'$/,
    },
    {
      name: 'a Temporal address where nothing listens',
      env: () => ({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
      complaint: /^can't reach Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\): Connection refused$/,
    },
    {
      name: 'a namespace that does not exist',
      env: () => ({ TEMPORAL_NAMESPACE: 'nowhere' }),
      complaint: /^can't work in namespace 'nowhere' \(TEMPORAL_NAMESPACE\) at .*: Namespace nowhere is not found\.$/,
    },
    {
      name: 'a config file that does not exist',
      env: () => ({ TEMPORAL_CONFIG_FILE: join(folder, 'missing.toml') }),
      complaint: /TEMPORAL_CONFIG_FILE.* can't be used: ENOENT/,
    },
    {
      name: 'a config file that is a folder',
      env: () => ({ TEMPORAL_CONFIG_FILE: folder }),
      complaint: /TEMPORAL_CONFIG_FILE.* can't be used: EISDIR/,
    },
    {
      name: 'a malformed config file, without repeating its content',
      env: () => {
        const file = join(folder, 'malformed.toml');
        writeFileSync(file, '[profile.default]\napi_key = "key-of-the-cloud\n');
        return { TEMPORAL_CONFIG_FILE: file };
      },
      complaint: /TEMPORAL_CONFIG_FILE.* can't be used: Invalid TOML document: [a-z ]+$/,
    },
    {
      name: 'a profile missing from the config file',
      env: () => ({ TEMPORAL_PROFILE: 'nobody' }),
      complaint: /TEMPORAL_PROFILE.* can't be used: Profile 'nobody' not found/,
    },
    {
      name: 'a certificate that does not exist',
      env: () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: join(folder, 'missing.pem') }),
      complaint: /TEMPORAL_TLS_…_PATH.* can't be used: ENOENT/,
    },
    {
      name: 'a Temporal server on another machine without an encryption key',
      env: () => ({ TEMPORAL_ADDRESS: 'temporal.example.com:7233' }),
      complaint: /^Temporal at temporal\.example\.com:7233 would be sent .* unencrypted: set PAYLOAD_ENCRYPTION_KEYS/,
    },
    {
      name: 'an invalid encryption key, without repeating it',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS: 'k1:c2hvcnQ=' }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS: entry 1 must be id:base64, an id and 32 bytes as [^:]*$/,
    },
    {
      name: 'a payload store that does not exist',
      env: () => ({ PAYLOAD_STORE: `file://${join(folder, 'missing')}` }),
      complaint: /^PAYLOAD_STORE is not a folder: create file:/,
    },
    {
      name: 'a payload store of an unknown kind',
      env: () => ({ PAYLOAD_STORE: 'ftp://host/folder' }),
      complaint: /^PAYLOAD_STORE must be s3:\/\/bucket\/prefix or file:\/\/\/folder, but is 'ftp:/,
    },
    {
      name: 'a deployment name without a build id',
      env: () => ({ TEMPORAL_DEPLOYMENT_NAME: 'conversations' }),
      complaint: /^TEMPORAL_WORKER_BUILD_ID must be set, since TEMPORAL_DEPLOYMENT_NAME is/,
    },
    {
      name: 'a build id without a deployment name',
      env: () => ({ TEMPORAL_WORKER_BUILD_ID: 'v1' }),
      complaint: /^TEMPORAL_DEPLOYMENT_NAME must be set, since TEMPORAL_WORKER_BUILD_ID is/,
    },
    {
      name: 'a deployment name that Temporal rejects',
      env: () => ({ TEMPORAL_DEPLOYMENT_NAME: 'a.b', TEMPORAL_WORKER_BUILD_ID: 'v1' }),
      complaint: /^can't work in deployment 'a\.b' \(TEMPORAL_DEPLOYMENT_NAME\): .* cannot contain '\.'$/,
    },
    {
      name: 'a grace time that is not a duration',
      env: () => ({ WORKER_SHUTDOWN_GRACE_TIME: 'soon' }),
      complaint: /^WORKER_SHUTDOWN_GRACE_TIME must be a duration .* 'soon'$/,
    },
    {
      name: 'a cache size that is not a number',
      env: () => ({ WORKER_MAX_CACHED_WORKFLOWS: 'many' }),
      complaint: /^WORKER_MAX_CACHED_WORKFLOWS must be 0 \(none\) or a whole number of at least 2, but is 'many'$/,
    },
    {
      name: 'a negative grace time',
      env: () => ({ WORKER_SHUTDOWN_GRACE_TIME: '-3 seconds' }),
      complaint: /^WORKER_SHUTDOWN_GRACE_TIME must be a duration .* '-3 seconds'$/,
    },
    {
      name: 'a log level that would show the content of payloads',
      env: () => ({ LOG_LEVEL: 'trace' }),
      complaint: /^LOG_LEVEL must be debug, info, warn or error, but is 'trace'$/,
    },
    {
      name: 'an invalid port for probes',
      env: () => ({ WORKER_HTTP_PORT: '65536' }),
      complaint: /^WORKER_HTTP_PORT must be a port, but is '65536'$/,
    },
    {
      name: 'a port for probes that is taken',
      env: () => ({ WORKER_HTTP_PORT: new URL(server.url).port }),
      complaint: /^can't listen for probes \(WORKER_HTTP_HOST, WORKER_HTTP_PORT\): .*EADDRINUSE/,
    },
    {
      name: 'a port for metrics that is taken',
      env: () => ({ WORKER_METRICS_PORT: new URL(server.url).port }),
      complaint: /^can't serve metrics \(WORKER_HTTP_HOST, WORKER_METRICS_PORT\): .*Address already in use/,
    },
    {
      name: 'an invalid listen address',
      env: () => ({ WORKER_HTTP_HOST: 'localhost' }),
      complaint: /^WORKER_HTTP_HOST must be an IP address such as 0\.0\.0\.0, but is 'localhost'$/,
    },
    {
      name: 'an invalid rule for nested servers',
      env: () => ({ NESTED_SERVER_ALLOW: '*.example.com, https://example.com' }),
      complaint: /^NESTED_SERVER_ALLOW: 'https:\/\/example\.com' is no rule: write a host /,
    },
    {
      name: 'a proxy setting that is neither true nor false',
      env: () => ({ NESTED_SERVER_PROXY_FROM_ENVIRONMENT: 'yes' }),
      complaint: /^NESTED_SERVER_PROXY_FROM_ENVIRONMENT must be true or false, but is 'yes'$/,
    },
    {
      name: 'rules for nested servers together with a proxy that would bypass them',
      env: () => ({ NESTED_SERVER_ALLOW: '10.0.0.0/8', NESTED_SERVER_PROXY_FROM_ENVIRONMENT: 'true' }),
      complaint:
        /^NESTED_SERVER_ALLOW and NESTED_SERVER_PROXY_FROM_ENVIRONMENT=true exclude each other: a proxy looks /,
    },
  ];

  for (const { name, env, complaint } of mistakes) {
    test(name, async (t) => {
      const { exitCode, stdout, stderr } = await startWorker(t, env()).ended;
      assert.match(stderr, /^nested-conversations worker: [^\n]+\n$/);
      assert.match(stderr.slice('nested-conversations worker: '.length, -1), complaint);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' });
    });
  }
});
