import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { inputFor, run } from '../harness/start.js';
import { startTimeSkipping, type Temporal } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

let temporal: Temporal;
let server: OpenHandsStandIn;

before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.stop());
beforeEach(async () => {
  server = await OpenHandsStandIn.listen();
});
afterEach(() => server.close());

describe('a conversation that becomes ready', () => {
  test('is ready at the first look where its agent starts at once', async () => {
    const input = inputFor(server.url);
    const result = await run(temporal, input);
    assert.deepEqual(result, { conversationId: input.sid, status: 'RUNNING', attempts: 1 });
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });
});
