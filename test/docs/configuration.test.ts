import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCodecServerConfig } from '../../config/codec-server.js';
import { loadWorkerConfig } from '../../config/worker.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Row {
  readonly variables: readonly string[];
  readonly byDefault: string;
}

/** The rows of every table. */
const rows: Row[] = [
  ...(await readFile(`${root}docs/configuration.md`, 'utf8')).matchAll(/^\| (`[A-Z].*?) \|(.*?)\|/gm),
].map(([, names = '', byDefault = '']) => ({
  variables: [...names.matchAll(/`([A-Z][A-Z\d_]+)/g)].map(([, name = '']) => name),
  byDefault: byDefault.trim().replaceAll('`', ''),
}));
const documented = rows.flatMap(({ variables }) => variables);

/** The variables that our code reads: `env.NAME`, `{ NAME, … } = env`, and a name passed on together with `env`. */
function readBy(code: string): string[] {
  const destructured = [...code.matchAll(/\{([^{}]*)\}(?:: NodeJS\.ProcessEnv| = (?:process\.)?env\b)/g)].map(
    ([, names = '']) => names,
  );
  const named = [...code.matchAll(/\benv\.(\w+)|\(env, '(\w+)'/g)].map(
    ([, property, passed]) => property ?? passed ?? '',
  );
  return [...named, ...destructured.flatMap((names) => names.split(','))]
    .map((name) => /^\s*([A-Z][A-Z\d_]+)\b/.exec(name)?.[1] ?? '')
    .filter((name) => name !== '' && name !== 'PATH');
}

const folders = [
  'activities',
  'cli',
  'client',
  'codec',
  'codec-server',
  'config',
  'contract',
  'dev-stack',
  'egress',
  'tracing',
  'worker',
  'test/workflow',
];
const sources = await Promise.all(
  folders.map(async (folder) => {
    const files = await readdir(join(root, folder), { recursive: true });
    return files.filter((file) => file.endsWith('.ts')).map((file) => readFile(join(root, folder, file), 'utf8'));
  }),
);
const ours = new Set((await Promise.all(sources.flat())).flatMap(readBy));

/** The variables that Temporal's environment configuration reads. */
const envconfig = dirname(createRequire(import.meta.url).resolve('@temporalio/envconfig'));
const temporals = new Set(
  (await readFile(join(envconfig, 'envconfig-toml.js'), 'utf8')).match(/(?<=')TEMPORAL_[A-Z_]+(?=')/g),
);

/** Read by Node, by axios where we allow it, or under a computed name. */
const others = new Set([
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'MALLOC_TRIM_THRESHOLD_',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
]);

describe('docs/configuration.md', () => {
  test('lists every variable that the code reads', () => {
    assert.ok(ours.has('WORKER_METRICS_PORT') && ours.has('LOG_LEVEL') && ours.has('CODEC_SERVER_PORT'));
    assert.ok(temporals.has('TEMPORAL_TLS_SERVER_NAME'));
    const missing = [...ours, ...temporals].filter((name) => !documented.includes(name));
    assert.deepEqual(missing, []);
  });

  test('lists no unused variable and none twice', () => {
    const unknown = documented.filter((name) => !ours.has(name) && !temporals.has(name) && !others.has(name));
    assert.deepEqual(unknown, []);
    assert.equal(new Set(documented).size, documented.length);
  });

  const worker = loadWorkerConfig({ WORKER_HTTP_PORT: '1' });
  const codecServer = loadCodecServerConfig({ PAYLOAD_ENCRYPTION_KEYS: `k:${Buffer.alloc(32).toString('base64')}` });
  const defaults: Record<string, unknown> = {
    TEMPORAL_ADDRESS: worker.connectionOptions.address,
    TEMPORAL_NAMESPACE: worker.namespace,
    TEMPORAL_TASK_QUEUE: worker.taskQueue,
    WORKER_SHUTDOWN_GRACE_TIME: worker.shutdownGraceTime,
    WORKER_MAX_CACHED_WORKFLOWS: worker.maxCachedWorkflows,
    WORKER_MAX_ACTIVITIES: worker.maxActivities,
    WORKER_MAX_ACTIVITIES_PER_SERVER: worker.maxActivitiesPerServer,
    WORKER_WRITE_HEARTBEAT_INTERVAL: worker.writeHeartbeatInterval,
    NESTED_SERVER_MAX_ANSWER_BYTES: worker.transportOptions.maximumAnswerBytes,
    LOG_LEVEL: worker.logLevel.toLowerCase(),
    WORKER_HTTP_HOST: worker.healthEndpoint?.host,
    NESTED_SERVER_PROXY_FROM_ENVIRONMENT: worker.transportOptions.proxyFromEnvironment,
    CODEC_SERVER_HOST: codecServer.host,
    CODEC_SERVER_PORT: codecServer.port,
    CODEC_SERVER_ORIGINS: codecServer.origins,
  };
  for (const [variable, byDefault] of Object.entries(defaults)) {
    test(`gives the right default for ${variable}`, () => {
      assert.equal(rows.find(({ variables }) => variables.includes(variable))?.byDefault, String(byDefault));
    });
  }
});
