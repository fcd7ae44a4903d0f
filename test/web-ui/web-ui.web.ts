import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RunState } from '../../client/conversation-status.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { createCodecServer } from '../../codec-server/codec-server.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { workflowIdOf } from '../../contract/names.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile, standInForFile } from '../harness/fixtures.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';
import { launchBrowser, WebUi } from './browser.js';

const browser = await forFile(launchBrowser());
const server = await standInForFile();

const pathOf = (sid: string) => `/${workflowIdOf(sid)}`;

describe("what Temporal's Web UI shows", () => {
  let temporal: Temporal;
  let origin: string;
  let conversations: NestedConversations;

  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    temporal = await startDevServer({ webUi: { port } });
    await registerSearchAttributes(temporal.env.client);
    conversations = new NestedConversations(temporal.env.client);
  });
  after(() => temporal?.stop());

  const webUiAt = async (path: string) => {
    const webUi = await WebUi.open(browser, origin);
    await webUi.goTo(path);
    return webUi;
  };
  /** Starts a conversation that waits for its agent forever. */
  const startWaiting = async (sid: string) => {
    server.script(sid, { loadingLooks: Number.POSITIVE_INFINITY });
    await conversations.start(inputFor(server.url, { sid }));
  };
  /** Resolves once Temporal lists it. The list is updated with a delay. */
  const listed = async (phase: RunState, sid: string) => {
    for (;;) {
      for await (const listed of conversations.list({ phase })) if (listed.sid === sid) return;
      await setTimeout(50);
    }
  };
  const failureOf = (input: CreateNestedConversationInput) =>
    conversations.ensureReady(input).then(
      () => assert.fail('the start became ready'),
      (error: Error) => error,
    );

  test('for a waiting start: server, user, phase and what the last check saw', async () => {
    await startWaiting('conv-waiting');
    const webUi = await webUiAt(pathOf('conv-waiting'));
    await webUi.shows(/\d+ \/ 60\s*•\s+checkConversationReady • a look every 2 seconds, at most 60/);
    await webUi.openTab('Search Attributes');
    await webUi.shows(/"ConversationId": "conv-waiting".*"UserId": "ada"/);
    await webUi.openTab('User Metadata');
    await webUi.showsIn('Summary', `openhands at ${server.url}, for ada`);
    await webUi.showsIn('Current Details', 'checking: a look every 2 seconds, at most 60');
    await webUi.openTab('Pending Activities');
    await webUi.shows(/conv-waiting is STARTING \(agent loading\); look ([3-9]|\d\d) of 60, next in 2 seconds/);
    await webUi.screenshot('web-ui-waiting');
  });

  test('for a start that became ready: the result and its steps', async () => {
    const input = inputFor(server.url, { sid: 'conv-ready', readiness: { interval: '1 second' } });
    server.script(input.sid, { loadingLooks: 4 });
    const { attempts } = await conversations.ensureReady(input);
    const webUi = await webUiAt(pathOf(input.sid));
    await webUi.shows(`"conversationId": "conv-ready",  "status": "RUNNING",  "attempts": ${attempts}`);
    await webUi.shows(/createConversation • .*checkConversationReady • a look every 1 second, at most 60/);
    await webUi.screenshot('web-ui-ready');
    await webUi.openTab('Search Attributes');
    await webUi.shows(/"ConversationId": "conv-ready".*"UserId": "ada"/);
    await webUi.openTab('User Metadata');
    await webUi.showsIn('Current Details', `ready: conv-ready is RUNNING, found by look ${attempts}`);
  });

  test('for a start that failed: the reason, the failure type and what to do', async () => {
    const input = inputFor(server.url, { sid: 'conv-failed' });
    server.script(input.sid, { agent: 'errors', errorReason: 'out of credit' });
    const { message } = await failureOf(input);
    assert.match(message, /out of credit/);
    const webUi = await webUiAt(pathOf(input.sid));
    await webUi.shows(`"message": "${message}"`);
    await webUi.shows('"type": "ConversationFailed"');
    await webUi.openTab('User Metadata');
    await webUi.showsIn('Current Details', `failed: ConversationFailed: ${message.replace("'", '’')}`);
    await webUi.showsIn('Current Details', 'What to do:');
    await webUi.screenshot('web-ui-failed');
  });

  test("for a failure: the nested server's exact text", async () => {
    const input = inputFor(server.url, { sid: 'conv-markup' });
    const errorReason = '<secret_hidden> in *this* `key`, ![x](http://h/x.png) and _that_ [one](http://h) &lt; A_B_C';
    server.script(input.sid, { agent: 'errors', errorReason });
    await failureOf(input);
    const webUi = await webUiAt(pathOf(input.sid));
    await webUi.openTab('User Metadata');
    await webUi.showsIn('Current Details', errorReason);
  });

  test("for a list: a user's running starts and ready starts", async () => {
    await startWaiting('conv-listed-waiting');
    await conversations.ensureReady(inputFor(server.url, { sid: 'conv-listed-ready' }));
    for (const [phase, status, sid, other] of [
      ['running', 'Running', 'conv-listed-waiting', 'conv-listed-ready'],
      ['ready', 'Completed', 'conv-listed-ready', 'conv-listed-waiting'],
    ] as const) {
      await listed(phase, sid);
      const webUi = await webUiAt(`?query=${encodeURIComponent(`UserId="ada" AND ExecutionStatus="${status}"`)}`);
      await webUi.page.getByRole('link', { name: workflowIdOf(sid) }).waitFor();
      assert(!(await webUi.text()).includes(other), `${other} is not among those that are ${phase}`);
    }
  });
});

describe("what Temporal's Web UI shows of encrypted payloads", () => {
  const token = 'the-token-of-this-test';
  let temporal: Temporal;
  let codecServer: Server;
  let codecUrl: string;
  let origin: string;
  const ready = 'conv-encrypted';
  const failed = 'conv-encrypted-failed';

  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    const dataConverter = dataConverterFor(new Map([['k1', createSecretKey(Buffer.alloc(32, 1))]]));
    codecServer = createCodecServer({ dataConverter, token, origins: [origin] }).listen(0, '127.0.0.1');
    await once(codecServer, 'listening');
    codecUrl = `http://localhost:${(codecServer.address() as AddressInfo).port}`;
    temporal = await startDevServer({ dataConverter, webUi: { port, codecEndpoint: `${codecUrl}/${token}` } });
    const conversations = new NestedConversations(temporal.env.client, { onHint: () => {} });
    await conversations.ensureReady(inputFor(server.url, { sid: ready }));
    server.script(failed, { agent: 'errors', errorReason: 'out of credit' });
    await assert.rejects(conversations.ensureReady(inputFor(server.url, { sid: failed })));
  });
  after(async () => {
    await temporal?.stop();
    codecServer?.closeAllConnections();
    codecServer?.close();
  });

  const assertReadable = async (webUi: WebUi) => {
    await webUi.goTo(pathOf(ready));
    await webUi.shows('"content": "Fix the build"');
    await webUi.shows('"conversationId": "conv-encrypted"');
    await webUi.goTo(pathOf(failed));
    await webUi.shows(/"message": "conv-encrypted-failed .*out of credit"/);
    await webUi.shows('"type": "ConversationFailed"');
  };
  const assertUnreadable = async (webUi: WebUi) => {
    await webUi.goTo(pathOf(ready));
    await webUi.shows(/Input\W*"[\w+/]{100,}=*"/);
    assert(!(await webUi.text()).includes('Fix the build'));
    await webUi.goTo(pathOf(failed));
    await webUi.shows('"message": "Encoded failure"');
    assert(!(await webUi.text()).includes('out of credit'));
  };

  test('everything if it is started with the codec server and its token', async () => {
    await assertReadable(await WebUi.open(browser, origin));
  });

  test('nothing until the user has signed in to the codec server', async () => {
    const webUi = await WebUi.open(browser, origin, {
      overrideRemoteCodecConfiguration: true,
      endpoint: codecUrl,
      includeCredentials: true,
    });
    await assertUnreadable(webUi);
    await webUi.page.goto(codecUrl);
    await webUi.page.getByLabel('Token').fill(token);
    await webUi.page.getByRole('button', { name: 'Sign in' }).click();
    await webUi.shows('You are signed in');
    await assertReadable(webUi);
  });
});
