import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

/**
 * Answers of 2 MB of every awkward kind. The cost of reading them is bounded, in terms of the cost of parsing JSON at
 * the same time.
 */

const units = ['/', '\\', '%', '&#38;', ' \n', 'eyJ-', '://a', '?key=', '<secret_hidden>', '\u001b[', '\u202e', '中'];

const cpuOf = async (work: () => unknown) => {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
};
const reference = JSON.stringify(Array.from({ length: 200_000 }, (_, index) => ({ index, text: 'a text of a kind' })));

/** An answer of both dialects at once, with the text in every place that can hold one. */
function answerOf(text: string): string {
  const event = {
    id: 7,
    source: 'user',
    action: 'message',
    observation: 'agent_state_changed',
    kind: 'MessageEvent',
    args: { content: text },
    extras: { agent_state: text, reason: text },
    llm_message: { content: [{ text }] },
    code: text,
    detail: text,
  };
  const named = { ...event, id: text };
  return JSON.stringify({
    events: [event],
    items: [named],
    has_more: true,
    next_page_id: text,
    status: text,
    execution_status: text,
    conversation_id: text,
    id: text,
    message: text,
    msg_id: text,
    error: text,
  });
}

const dialects: Partial<CreateNestedConversationInput>[] = [
  {},
  {
    server: 'agent-server',
    settings: {
      agentSettings: { llm: { model: 'm', api_key: 'a-key-of-some-length' } },
      workspace: { working_dir: '/w' },
    },
  },
];

describe('reading an answer costs CPU time in proportion to its size', { concurrency: 1 }, () => {
  for (const dialect of dialects) {
    for (const unit of units) {
      for (const status of [200, 500]) {
        test(`a ${status} full of ${JSON.stringify(unit)} from ${dialect.server ?? 'openhands'}`, async (t) => {
          const server = await listen(t);
          const body = answerOf(unit.repeat(150_000 / unit.length));
          server.inject({ path: /./, times: Number.POSITIVE_INFINITY, fault: { kind: 'answer', status, body } });
          const { createConversation } = createActivities();
          const input = inputFor(server.url, { ...dialect, sid: randomUUID() });
          const parse = await cpuOf(() => JSON.parse(reference));
          const spent = await cpuOf(() =>
            new ActivityEnvironment().run(createConversation, { input }).catch((error: Error) => {
              assert(Buffer.byteLength(JSON.stringify(error.message)) <= 1002);
            }),
          );
          assert(spent < 60 * parse + 1_000_000, `${spent} µs, while JSON.parse takes ${parse} µs`);
        });
      }
    }
  }
});
