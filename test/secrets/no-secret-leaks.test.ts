import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import proto from '@temporalio/proto';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { freePort } from '../../dev-stack/free-port.js';
import { startProgram } from '../../dev-stack/programs.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import type { StandInServer } from '../../dev-stack/stand-ins/stand-in-server.js';
import { folderFor, forFile, standInForFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';
import { encodings } from '../printing/encodings.js';
import { plantedWith } from '../printing/secret-fields.js';

/**
 * Conversations with a marker in every secret field, run to each outcome on a dev server with a database file.
 * Everything that was written, printed or measured is then searched for the markers.
 */

const taskQueue = 'no-secret-leaks';
const encryptionKey = Buffer.alloc(32, 1);
const encryption = { PAYLOAD_ENCRYPTION_KEYS: `test:${encryptionKey.toString('base64')}` };
const marker = `marker-${randomUUID()}`;
const secret = (name: string) => `${marker}-${name}`;

/** Everything that people who must not know a secret could search. */
class Traces {
  readonly #found: [where: string, bytes: Buffer][] = [];

  add(where: string, what: string | Uint8Array): void {
    this.#found.push([where, Buffer.from(what as string)]);
  }

  async addFolder(path: string): Promise<void> {
    for (const file of await readdir(path)) this.add(file, await readFile(join(path, file)));
  }

  /** Where a text occurs, plain or in base64 at any of its three offsets. */
  where(text: string): string[] {
    const inBase64 = [0, 1, 2].map((offset) =>
      Buffer.from(' '.repeat(offset) + text)
        .toString('base64')
        .slice(4, -4),
    );
    const forms = [text, ...inBase64];
    return this.#found.filter(([, bytes]) => forms.some((form) => bytes.includes(form))).map(([where]) => where);
  }

  get sources(): string[] {
    return this.#found.map(([where]) => where);
  }
}

const secretSettings = {
  mcpConfig: {
    shttp_servers: [{ url: 'http://127.0.0.1:9/mcp', api_key: secret('mcp-key') }],
    stdio_servers: [
      { name: 'tool', command: 'tool', args: ['--token', secret('argument')], env: { TOKEN: secret('env') } },
    ],
  },
  conversationInstructions: secret('instructions'),
};

const inputOf = (apiUrl: string, input: object = {}): CreateNestedConversationInput & { sid: string } => ({
  apiUrl,
  sid: `conv-${randomUUID()}`,
  userId: 'ada',
  settings: secretSettings,
  initialUserMsg: { content: secret('message'), imageUrls: [`https://img/?token=${secret('image')}`] },
  client: { sessionApiKey: secret('session-key') },
  readiness: { interval: '1 second', maximumAttempts: 2 },
  ...input,
});

const agentServerInput = (apiUrl: string) =>
  inputOf(apiUrl, {
    sid: randomUUID(),
    server: 'agent-server',
    settings: {
      agentSettings: { llm: { model: 'm', api_key: secret('llm-key') } },
      workspace: { working_dir: 'workspace' },
      secrets: { GITHUB_TOKEN: secret('provider-token') },
    },
  });

const replayInput = (apiUrl: string) => {
  const message = { source: 'user', action: 'message', args: { content: secret('replay') } };
  return inputOf(apiUrl, { initialUserMsg: null, replayJson: JSON.stringify([message]) });
};

/** An answer that repeats what the server was sent. */
const echo = JSON.stringify({
  detail: `${secret('session-key')} may not say ${secret('message')} with ${secret('mcp-key')}`,
});
const post = { method: 'POST', path: '/api/conversations' };

/** For each dialect, an input with a marker in every field that can hold a secret. */
const everywhere = plantedWith((field, index) => secret(`${index}-${field}`));

/**
 * Starts conversations with a marker in every field. The server repeats a few of them at a time, each time differently.
 */
async function startEverywhere(
  conversations: NestedConversations,
  { input, secrets }: (typeof everywhere)[number],
  server: StandInServer,
): Promise<unknown> {
  const sidOf = () => (input.server === 'openhands' ? `conv-${randomUUID()}` : randomUUID());
  const perEcho = 5;
  const echoes = Array.from({ length: Math.ceil(secrets.length / perEcho) }, (_, index) => {
    const [, encode = String] = encodings[index % encodings.length] ?? [];
    const repeated = secrets.slice(index * perEcho, (index + 1) * perEcho).map((its) => encode(its.secret));
    return JSON.stringify({ detail: repeated.join(' and '), msg_id: repeated[0] });
  });
  let last: unknown;
  for (const body of echoes) {
    server.inject({ ...post, fault: { kind: 'answer', status: 409, body } });
    const whole = { ...input, apiUrl: server.url, sid: sidOf() } as CreateNestedConversationInput;
    last = await conversations.ensureReady(whole).catch((error: unknown) => error);
    assert(last instanceof Error && !JSON.stringify([last.message, last]).includes(marker), String(last));
  }
  throw last;
}

interface Outcome {
  readonly name: string;
  readonly ends: RegExp;
  readonly run: (staged: Staged) => Promise<unknown>;
}

/** What each outcome starts from. Only the server is its own. */
interface Staged {
  readonly conversations: NestedConversations;
  readonly server: OpenHandsStandIn;
  readonly temporal: Temporal;
  readonly traces: Traces;
}

const outcomes: Outcome[] = [
  {
    name: 'ready',
    ends: /"status":"RUNNING"/,
    run: ({ conversations, server }) => conversations.ensureReady(inputOf(server.url)),
  },
  {
    name: 'ready on an agent server',
    ends: /"status":"(running|finished)"/,
    async run({ conversations }) {
      const server = await forFile(AgentServerStandIn.listen({ sessionApiKey: secret('session-key') }));
      return conversations.ensureReady(agentServerInput(server.url));
    },
  },
  {
    name: 'ready after a replay',
    ends: /"status":"RUNNING"/,
    run: ({ conversations, server }) => conversations.ensureReady(replayInput(server.url)),
  },
  {
    name: 'ready from the command line',
    ends: /is ready/,
    async run({ server, temporal, traces }) {
      const input = inputOf(server.url);
      const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue, ...encryption };
      const start = startProgram('cli/main.js', {
        args: ['start', '--input', '-', '--wait'],
        env,
        input: JSON.stringify(input),
      });
      const { stdout, stderr } = await start.ended;
      traces.add('output of start --wait', stdout + stderr);
      const status = await startProgram('cli/main.js', { args: ['status', input.sid, '--json'], env }).ended;
      traces.add('output of status', status.stdout + status.stderr);
      return stdout;
    },
  },
  {
    name: 'InvalidInput',
    ends: /InvalidInput/,
    async run({ conversations, server, temporal }) {
      const input = { ...inputOf(server.url), userId: 7 };
      const options = { taskQueue, workflowId: workflowIdOf(input.sid), args: [input] };
      const handle = await temporal.env.client.workflow.start(workflowType, options);
      await assert.rejects(handle.result());
      return conversations.result(input.sid);
    },
  },
  {
    name: 'ConversationRejected',
    ends: /ConversationRejected/,
    run({ conversations, server }) {
      server.inject({ ...post, fault: { kind: 'answer', status: 409, body: echo } });
      return conversations.ensureReady(inputOf(server.url));
    },
  },
  {
    name: 'ConversationRejected, with each secret repeated',
    ends: /ConversationRejected/,
    run: ({ conversations, server }) => startEverywhere(conversations, everywhere[0], server),
  },
  {
    name: 'ConversationRejected by an agent server, with each secret repeated',
    ends: /ConversationRejected/,
    async run({ conversations }) {
      return startEverywhere(conversations, everywhere[1], await forFile(AgentServerStandIn.listen()));
    },
  },
  {
    name: 'Unauthorized',
    ends: /Unauthorized/,
    run({ conversations, server }) {
      server.inject({ ...post, fault: { kind: 'answer', status: 401, body: echo } });
      return conversations.ensureReady(inputOf(server.url));
    },
  },
  {
    name: 'NestedServerUnavailable',
    ends: /NestedServerUnavailable/,
    run({ conversations, server }) {
      const headers = { 'retry-after': '1' };
      server.inject({ ...post, times: 12, fault: { kind: 'answer', status: 503, headers, body: echo } });
      return conversations.ensureReady(inputOf(server.url));
    },
  },
  {
    name: 'ConversationNotReady',
    ends: /ConversationNotReady/,
    run({ conversations, server }) {
      const input = inputOf(server.url);
      server.script(input.sid, { agent: 'dead' });
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'ConversationFailed',
    ends: /ConversationFailed/,
    run({ conversations, server }) {
      const input = inputOf(server.url);
      server.script(input.sid, { agent: 'errors', errorReason: `${secret('session-key')} was refused` });
      return conversations.ensureReady(input);
    },
  },
];

test('a secret is found if nothing is encrypted', async (t) => {
  const database = await folderFor(t);
  const temporal = await startDevServer({ dbFilename: join(database, 'temporal.db') });
  const server = await standInForFile();
  await new NestedConversations(temporal.env.client).ensureReady(inputOf(server.url));
  await temporal.stop();
  const traces = new Traces();
  await traces.addFolder(database);
  assert(traces.where(secret('message')).length > 0);
  assert(traces.where(secret('session-key')).length > 0);
});

describe('no secret is found with encryption', () => {
  const traces = new Traces();
  const ended = new Map<string, string>();

  before(async () => {
    const database = await folderFor(testFile);
    const dataConverter = dataConverterFor(new Map([['test', createSecretKey(encryptionKey)]]));
    const metricsPort = await freePort();
    const temporal = await startDevServer({ dbFilename: join(database, 'temporal.db'), dataConverter, metricsPort });
    const env = {
      ...temporal.variables,
      TEMPORAL_TASK_QUEUE: taskQueue,
      LOG_LEVEL: 'debug',
      ...encryption,
    };
    const conversations = new NestedConversations(temporal.env.client, { taskQueue });

    // A crash at the worst moment: the POST was accepted, and the worker is killed before the answer arrives.
    const crashing = await standInForFile();
    const accepted = crashing.inject({ ...post, fault: { kind: 'black-hole', process: true } });
    const killed = startWorkerFor(testFile, { env });
    const survivor = inputOf(crashing.url);
    await conversations.start(survivor);
    await accepted.reached;
    killed.kill('SIGKILL');
    traces.add('log of the worker that was killed', (await killed.ended).stderr);

    const workerMetricsPort = await freePort();
    const worker = startWorkerFor(testFile, { env: { ...env, WORKER_METRICS_PORT: String(workerMetricsPort) } });
    const runs = outcomes.map(async ({ name, run }) => {
      const server = await standInForFile();
      const outcome = await run({ conversations, server, temporal, traces }).catch((error: Error) => error);
      ended.set(name, outcome instanceof Error ? `${outcome.name}: ${outcome.message}` : JSON.stringify(outcome));
    });
    await Promise.all(runs);
    ended.set('ready after a crash', JSON.stringify(await conversations.ensureReady(survivor)));
    // What the Web UI shows of a run. It asks a worker for that.
    for await (const { workflowId, runId } of temporal.env.client.workflow.list()) {
      const handle = temporal.env.client.workflow.getHandle(workflowId, runId);
      traces.add(`details of ${workflowId}`, JSON.stringify(await handle.query('__temporal_workflow_metadata')));
      const { raw, memo } = await handle.describe();
      traces.add(`description of ${workflowId}`, JSON.stringify([raw, memo]));
    }
    traces.add('metrics of the worker', await (await fetch(`http://127.0.0.1:${workerMetricsPort}/metrics`)).text());
    worker.kill('SIGTERM');
    const { stdout, stderr } = await worker.ended;
    traces.add('log of the worker', stdout + stderr);

    for await (const { workflowId, runId } of temporal.env.client.workflow.list()) {
      const history = await temporal.env.client.workflow.getHandle(workflowId, runId).fetchHistory();
      traces.add(`history of ${workflowId}`, proto.temporal.api.history.v1.History.encode(history).finish());
    }
    traces.add('metrics of Temporal', await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
    await temporal.stop();
    await traces.addFolder(database);
  });

  for (const { name, ends } of [...outcomes, { name: 'ready after a crash', ends: /"status":"RUNNING"/ }]) {
    test(`after a start that ends ${name}`, () => {
      assert.match(ended.get(name) ?? 'not at all', ends);
      assert(!ended.get(name)?.includes(marker), 'the caller must not see a secret');
    });
  }

  test('in anything that was written, printed or measured', () => {
    assert.deepEqual(traces.where(marker), []);
    const { sources } = traces;
    assert(sources.includes('temporal.db'));
    assert(sources.filter((source) => source.startsWith('history of')).length > outcomes.length);
    assert(sources.filter((source) => source.startsWith('details of')).length > outcomes.length);
    assert.equal(sources.filter((source) => source.startsWith('output of')).length, 2);
    assert.equal(sources.filter((source) => source.startsWith('metrics of')).length, 2);
  });
});
