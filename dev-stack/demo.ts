import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { commandLine } from '../cli/command-line.js';
import { describeStatus } from '../cli/describe-status.js';
import { isLive } from '../cli/is-live.js';
import { withLiveProgress } from '../cli/live-progress.js';
import { NestedConversations, type WaitOptions } from '../client/nested-conversations.js';
import { registerSearchAttributes } from '../client/search-attributes.js';
import { describeLooks } from '../client/words.js';
import { createCodecServer } from '../codec-server/codec-server.js';
import { loadTemporalConfig } from '../config/temporal.js';
import { workflowIdOf } from '../contract/names.js';
import { oneLine } from '../contract/printing/one-line.js';
import { createWorker } from '../worker/create-worker.js';
import { configureOpenHands, installOpenHands, startOpenHands } from './openhands-server.js';
import { startModelStandIn } from './stand-ins/model-stand-in.js';
import { OpenHandsStandIn } from './stand-ins/openhands-stand-in.js';
import { type DevServerPorts, findDevServerPorts, startTemporalServer } from './temporal-server.js';

export interface DemoOptions {
  /** Keeps everything running until the demo is ended, to look around. */
  readonly keep: boolean;
  /** Uses a real OpenHands server instead of the stand-in. */
  readonly real: boolean;
  /** Encrypts what Temporal stores. */
  readonly encrypted: boolean;
  /** Runs a step and shows its progress. */
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Aborts when the demo is to end. */
  readonly signal: AbortSignal;
}

/** Stops what was started, in reverse order. */
const cleanUps: (() => Promise<unknown>)[] = [];

const say = (line: string) => console.log(line);

/** Prints a line within a step, for example about a download. */
const report = (line: string) => console.log(`\n  ${line}`);

interface NestedServer {
  readonly name: string;
  readonly url: string;
}

/**
 * Starts Temporal, a worker and a nested server on this machine, and one conversation that becomes ready. However the
 * demo ends, everything it has started is stopped.
 */
export async function demo(options: DemoOptions): Promise<void> {
  try {
    await play(options);
  } finally {
    for (const cleanUp of cleanUps.reverse()) {
      await cleanUp().catch((error: unknown) => console.error(`  while cleaning up: ${oneLine(error)}`));
    }
  }
}

async function play(options: DemoOptions): Promise<void> {
  const { step, signal } = options;
  // The worker's own log would hide the demo's output. Its signal handlers would stop only the worker, and the other
  // processes would then wait for it.
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

  const key = options.encrypted ? newKey() : {};
  const config = loadTemporalConfig({ ...process.env, ...key });
  const { dataConverter } = config;
  const ports = await findDevServerPorts();
  const codecEndpoint = options.encrypted ? await startCodecServer(dataConverter, ports) : undefined;
  const { env, namespace, webUiUrl } = await step('Starting Temporal', async () => {
    const server = await startTemporalServer({ config, ports, codecEndpoint, report });
    cleanUps.push(server.stop);
    return server;
  });
  say(`✔ Temporal     ${env.address}${webUiUrl ? `, Web UI ${webUiUrl}` : ''}`);
  if (codecEndpoint) say(`✔ Codec server ${codecEndpoint}`);

  const nestedServer = options.real ? await startRealServer(options) : await startStandIn();
  say(`✔ ${nestedServer.name.padEnd(12)} ${nestedServer.url}`);

  const taskQueue = `demo-${randomUUID().slice(0, 8)}`;
  await step('Starting a worker', async () => {
    const worker = await createWorker({ connection: env.nativeConnection, namespace, taskQueue, dataConverter });
    const workerRun = worker.run();
    cleanUps.push(() => {
      worker.shutdown();
      return workerRun;
    });
    await registerSearchAttributes(env.client);
  });
  say(`✔ Worker       task queue ${taskQueue}`);

  const sid = `demo-${randomUUID().slice(0, 8)}`;
  const conversations = new NestedConversations(env.client, { taskQueue });
  say(`\nStarting conversation ${sid}`);
  const result = await withProgress((callbacks) =>
    conversations.ensureReady(
      {
        apiUrl: nestedServer.url,
        sid,
        userId: 'ada',
        initialUserMsg: { content: 'Say hello.' },
        readiness: { interval: '1 second' },
      },
      { ...callbacks, signal },
    ),
  );
  say(`\n✔ ${result.conversationId} is ready: ${result.status} after ${describeLooks(result.attempts)}`);
  if (!options.keep) return say('  To look around in the Web UI: npm run demo -- --keep');
  if (webUiUrl) say(`  ${webUiUrl}/namespaces/${namespace}/workflows/${workflowIdOf(sid)}`);
  say('  Everything stays up until Ctrl-C. In another terminal:');
  say(`  ${statusCommand(sid, env.address, namespace, key)}`);
  // From here on, ending the demo is not a failure.
  process.exitCode = 0;
  if (!signal.aborted) await once(signal, 'abort');
}

/** A command that shows the conversation start in another terminal, as long as the demo runs. */
function statusCommand(sid: string, address: string, namespace: string, key: NodeJS.ProcessEnv): string {
  const { PAYLOAD_ENCRYPTION_KEYS: keys } = key;
  const command = commandLine('status', sid, '--address', address, '--namespace', namespace);
  return keys ? `PAYLOAD_ENCRYPTION_KEYS=${keys} ${command}` : command;
}

/** An encryption key for this demo only. */
function newKey(): NodeJS.ProcessEnv {
  return { PAYLOAD_ENCRYPTION_KEYS: `demo:${randomBytes(32).toString('base64')}`, PAYLOAD_ENCRYPTION_KEYS_FILE: '' };
}

/** The Web UI's codec server. The token is in the path, because the Web UI of a dev server sends none. */
async function startCodecServer(dataConverter: DataConverter, { uiPort }: DevServerPorts): Promise<string> {
  const token = randomBytes(16).toString('base64url');
  const origins = [`http://localhost:${uiPort}`];
  const server = createCodecServer({ dataConverter, token, origins }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}/${token}`;
}

/** A server whose agent takes a few readiness checks to load, like one with a repository. */
async function startStandIn(): Promise<NestedServer> {
  const server = await OpenHandsStandIn.listen({ script: { loadingLooks: 5 } });
  cleanUps.push(() => server.close());
  return { name: 'Stand-in', url: server.url };
}

async function startRealServer({ step }: DemoOptions): Promise<NestedServer> {
  const installation = await step('Finding OpenHands', () => installOpenHands(report));
  const dataFolder = await mkdtemp(join(tmpdir(), 'openhands-'));
  cleanUps.push(() => rm(dataFolder, { recursive: true, force: true }));
  const model = await startModelStandIn();
  cleanUps.push(() => model.close());
  const url = await step('Starting OpenHands, which takes about 15 seconds', async () => {
    const server = await startOpenHands({ installation, dataFolder });
    cleanUps.push(() => server.stop());
    await configureOpenHands(server.url, { llmBaseUrl: model.url });
    return server.url;
  });
  return { name: 'OpenHands', url };
}

/** Shows the progress of the conversation start: every second on a terminal, otherwise one line per change. */
function withProgress<T>(work: (callbacks: WaitOptions) => Promise<T>): Promise<T> {
  if (isLive(process.stdout)) return withLiveProgress(process.stdout, work);
  return work({ onProgress: (status) => say(`  ${describeStatus(status)}`) });
}
