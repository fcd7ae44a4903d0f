import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Client } from '@temporalio/client';
import type { Finding } from '../../cli/doctor/check.js';
import { exitCodes } from '../../cli/exit-codes.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Ended, startProgram } from '../../dev-stack/programs.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { folderFor, forFile, startWorkerFor } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { msToTs } from '../harness/sdk-internals.js';
import { startDevServer } from '../harness/temporal.js';

const temporal = await forFile(startDevServer());
await registerSearchAttributes(temporal.env.client);

type Env = Readonly<Record<string, string>>;

function doctor(args: readonly string[] = [], env: Env = {}): Promise<Ended> {
  const options = { args: ['doctor', ...args], env: { ...temporal.variables, ...env } };
  return startProgram('cli/main.js', options).ended;
}

/** The results of `--json`, by check, and the exit code. */
async function diagnosis(args: readonly string[] = [], env: Env = {}) {
  const { exitCode, stdout } = await doctor([...args, '--json'], env);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const of = (check: string) => {
    const finding = findings.find((candidate) => candidate.check === check);
    assert.ok(finding, `${check} is not in ${stdout}`);
    return finding;
  };
  const problems = findings.filter(({ verdict }) => verdict === 'problem').map(({ check }) => check);
  return { exitCode, of, problems };
}

test('prints one line per check and changes nothing if all is well', async (t) => {
  const folder = await folderFor(t);
  const env = { PAYLOAD_STORE: pathToFileURL(folder).href };
  const { exitCode, stdout, stderr } = await doctor(['--api-url', server.url], env);
  const checks = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, 19).trimEnd());
  assert.deepEqual(checks, [
    '✔ settings',
    '✔ Temporal',
    '✔ namespace',
    '✔ search attributes',
    '✔ workers',
    '✔ newest start',
    '✔ encryption',
    '✔ payload store',
    '✔ nested server',
    'Everything that a c',
  ]);
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
  assert.deepEqual([...new Set(server.requests.map(({ method }) => method))], ['GET']);
  assert.deepEqual(await readdir(folder), []);
});

test('says below a problem how to fix it, and exits with 1', async () => {
  const { exitCode, stdout } = await doctor([], { TEMPORAL_NAMESPACE: 'nowhere' });
  assert.match(stdout, /\n✖ namespace {9}'nowhere' does not exist\n {20}correct TEMPORAL_NAMESPACE, or create it: /);
  assert.match(stdout, /\n1 problem to fix\.\n$/);
  assert.equal(exitCode, exitCodes.failed);
});

describe('settings', () => {
  for (const env of [{ TEMPORAL_ADDRESS: 'http://localhost' }, { NESTED_SERVER_ALLOW: '10.0.0.0/99' }]) {
    const [name = ''] = Object.keys(env);
    test(`an invalid ${name} is reported by name`, async () => {
      const { exitCode, of, problems } = await diagnosis([], env);
      assert.deepEqual({ exitCode, problems }, { exitCode: exitCodes.failed, problems: ['settings'] });
      assert.match(of('settings').found, new RegExp(name));
    });
  }
});

describe('Temporal', () => {
  test('that is out of reach is reported, and checks that do not need it still run', async () => {
    const { exitCode, of, problems } = await diagnosis(['--api-url', server.url], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.deepEqual({ exitCode, problems }, { exitCode: exitCodes.failed, problems: ['Temporal'] });
    assert.match(of('Temporal').found, /TEMPORAL_ADDRESS/);
    assert.equal(of('nested server').verdict, 'ok');
  });

  test('that accepts connections but never answers does not block the doctor', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const { problems } = await diagnosis([], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    assert.deepEqual(problems, ['Temporal']);
  });

  test('without our search attributes is a warning that says how to register them', async () => {
    const namespace = `bare-${randomUUID()}`;
    await temporal.env.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('3 days'),
    });
    // Temporal learns of new namespaces with a delay.
    const { of } = await known(() => diagnosis([], { TEMPORAL_NAMESPACE: namespace }));
    assert.match(of('namespace').found, /for 3 d after/);
    assert.deepEqual(
      { verdict: of('search attributes').verdict, mend: of('search attributes').mend },
      { verdict: 'warning', mend: 'npx nested-conversation setup' },
    );
  });
});

describe('workers', () => {
  test('that do not exist are a problem', async () => {
    const { of, problems } = await diagnosis([], { TEMPORAL_TASK_QUEUE: 'nobody-polls' });
    assert.deepEqual(problems, ['workers']);
    assert.match(of('workers').found, /^no worker polls nobody-polls$/);
    assert.match(of('workers').mend ?? '', /npx nested-conversation-worker/);
  });

  test('without a current version are a problem until its advice is followed', async (t) => {
    const queue = `versioned-${randomUUID()}`;
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: queue };
    const versioned = { ...env, TEMPORAL_DEPLOYMENT_NAME: queue, TEMPORAL_WORKER_BUILD_ID: 'v1' };
    startWorkerFor(t, { env: versioned });
    const workers = async () => (await diagnosis([], env)).of('workers');
    let found = await workers();
    while (found.found.startsWith('no worker polls')) found = await workers();
    assert.match(found.found, /no version of it is current$/);
    const [program, ...args] = (found.mend ?? '').split(' ');
    assert.equal(program, 'temporal');
    await runCommand(await findTemporalCli(console.error), [...args, '--yes', '--address', temporal.env.address]);
    assert.deepEqual(await workers(), { check: 'workers', verdict: 'ok', found: `1 worker polls ${queue}` });
  });
});

describe('the newest start', () => {
  const key = randomBytes(32).toString('base64');
  const startWith = async (t: TestContext, keys: Parameters<typeof dataConverterFor>[0]) => {
    const { connection } = temporal.env.client;
    const client = new Client({ connection, namespace: temporal.namespace, dataConverter: dataConverterFor(keys) });
    const input = inputFor(server.url);
    await new NestedConversations(client, { taskQueue: 'nobody-polls' }).start(input);
    t.after(() => client.workflow.getHandle(workflowIdOf(input.sid)).terminate());
    return workflowIdOf(input.sid);
  };

  test('is a problem only if the key that it was encrypted with is missing', async (t) => {
    const workflowId = await startWith(t, new Map([['k1', createSecretKey(key, 'base64')]]));
    const without = await diagnosis();
    assert.deepEqual(without.problems, ['newest start']);
    assert.match(without.of('newest start').found, new RegExp(`^${workflowId} can't be read: .*key 'k1'`));
    const withKey = await diagnosis([], { PAYLOAD_ENCRYPTION_KEYS: `k1:${key}` });
    assert.deepEqual(withKey.problems, []);
    assert.equal(withKey.of('newest start').found, `${workflowId} can be read`);
    assert.equal(withKey.of('encryption').found, "with key 'k1'");
    assert.ok(!JSON.stringify([without, withKey]).includes(key));
  });

  test('is a warning if it was not encrypted although there are keys', async (t) => {
    await startWith(t, new Map());
    const { exitCode, of } = await diagnosis([], { PAYLOAD_ENCRYPTION_KEYS: `k1:${key}` });
    assert.match(of('newest start').found, /is not encrypted, although keys are set here$/);
    assert.deepEqual([exitCode, of('newest start').verdict], [0, 'warning']);
  });
});

test('a payload store that is out of reach is a problem', async () => {
  const { of, problems } = await diagnosis([], {
    PAYLOAD_STORE: 's3://bucket/prefix',
    ALLOW_PLAINTEXT_PAYLOADS: 'true',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
  assert.deepEqual(problems, ['payload store']);
  assert.match(of('payload store').found, /^s3:\/\/bucket\/prefix can't be read: .*ECONNREFUSED/);
});

describe('the nested server', () => {
  const nestedServer = async (args: readonly string[] = [], env: Env = {}) => {
    const { of, exitCode } = await diagnosis(['--api-url', server.url, ...args], env);
    return { ...of('nested server'), exitCode };
  };

  test('that accepts the session API key is ok, and the key is never printed', async () => {
    server.options.sessionApiKey = 'key-of-the-session';
    const finding = await nestedServer([], { NESTED_SESSION_API_KEY: 'key-of-the-session' });
    assert.equal(finding.verdict, 'ok');
    assert.match(finding.found, /accepts the session API key$/);
    assert.doesNotMatch(JSON.stringify(finding), /key-of-the-session/);
  });

  test('that rejects the session API key is a problem', async () => {
    server.options.sessionApiKey = 'another-key';
    const { verdict, mend, exitCode } = await nestedServer(['--session-api-key', 'key-of-the-session']);
    assert.deepEqual([verdict, exitCode], ['problem', exitCodes.failed]);
    assert.match(mend ?? '', /NESTED_SESSION_API_KEY/);
  });

  test('that refuses connections is a problem', async () => {
    await server.down();
    assert.match((await nestedServer()).found, /connection refused/);
  });

  test('that never answers does not block the doctor', async (t) => {
    const fault = server.inject({ path: /events/, fault: { kind: 'delay-until' } });
    t.after(() => fault.release());
    assert.match((await nestedServer()).found, /no answer within 10000 ms/);
  });

  test('that NESTED_SERVER_ALLOW does not allow is a problem and receives no request', async () => {
    const { found } = await nestedServer([], { NESTED_SERVER_ALLOW: '*.example.com' });
    assert.match(found, /no rule of NESTED_SERVER_ALLOW allows 127\.0\.0\.1/);
    assert.equal(server.requests.length, 0);
  });

  test('of the other kind is a problem unless it is named', async (t) => {
    const other = await AgentServerStandIn.listen();
    t.after(() => other.close());
    const as = async (dialect: string) =>
      (await diagnosis(['--api-url', other.url, '--server', dialect])).of('nested server').verdict;
    assert.deepEqual([await as('openhands'), await as('agent-server')], ['problem', 'ok']);
  });
});

/** Repeats until Temporal knows the namespace. */
async function known(diagnose: () => ReturnType<typeof diagnosis>): ReturnType<typeof diagnosis> {
  for (;;) {
    const found = await diagnose();
    if (found.of('namespace').verdict === 'ok') return found;
  }
}
