import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import type { Activities, CreatedConversation } from '../../activities/interface.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

/** Runs in flight while a worker of one release takes over from a worker of another. */

const file = new URL('../../../test/releases/activities-0.1.0.js', import.meta.url);
const previous: Activities = (await import(file.href)).createActivities();
const present = createActivities();
const text = 'Fix the build';

type StandIn = OpenHandsStandIn | AgentServerStandIn;

interface Trial {
  readonly server: StandIn;
  readonly input: CreateNestedConversationInput & { sid: string };
  /** How often the model was asked about the message. */
  messages(): number;
}

async function beginOpenHands(t: TestContext): Promise<Trial> {
  const server = await listen(t);
  const input = inputFor(server.url, { initialUserMsg: { content: text } });
  const messages = () => server.conversation(input.sid).messagesSeenByModel.filter((seen) => seen === text).length;
  return { server, input, messages };
}

async function beginAgentServer(t: TestContext): Promise<Trial> {
  const server = await AgentServerStandIn.listen();
  t.after(() => server.close());
  const input = inputFor(server.url, {
    server: 'agent-server',
    sid: randomUUID(),
    initialUserMsg: { content: text },
    settings: {
      agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x' } },
      workspace: { working_dir: '/workspace' },
    },
  });
  const messages = () => server.conversation(input.sid).modelCalls.filter((seen) => seen.includes(text)).length;
  return { server, input, messages };
}

/** Checks, with this release's activities, until the conversation is ready. */
async function becomesReady({ input }: Trial, created: CreatedConversation): Promise<boolean> {
  const { server, apiUrl, client } = input;
  const check = { ...created, server, apiUrl, client };
  return (await new ActivityEnvironment().run(present.checkConversationReady, check)).ready;
}

for (const [name, begin] of [
  ['openhands', beginOpenHands],
  ['agent-server', beginAgentServer],
] as const) {
  describe(`a run on ${name} that 0.1 began`, () => {
    test('and whose create lost its answer continues without sending the message again', async (t) => {
      const trial = await begin(t);
      const { server, input } = trial;
      server.inject({ method: 'POST', path: /conversations$/, fault: { kind: 'lose-answer' } });
      const first = new ActivityEnvironment();
      await assert.rejects(first.run(previous.createConversation, { input }));
      const heartbeatDetails = [...first.writtenDown, ...first.heartbeats].at(-1);
      const created = await new ActivityEnvironment({ heartbeatDetails }).run(present.createConversation, { input });
      assert.equal(await becomesReady(trial, created), true);
      assert.equal(trial.messages(), 1);
    });

    test('and whose conversation is created becomes ready', async (t) => {
      const trial = await begin(t);
      const { input } = trial;
      const created = await new ActivityEnvironment().run(previous.createConversation, { input });
      assert.equal(await becomesReady(trial, created), true);
      assert.equal(trial.messages(), 1);
    });

    test('and whose server restarted during the checks is created again from its evidence', async (t) => {
      const trial = await begin(t);
      const { server, input } = trial;
      const created = await new ActivityEnvironment().run(previous.createConversation, { input });
      server.restart();
      const { evidence } = created;
      const again = await new ActivityEnvironment().run(present.createConversation, { input, evidence });
      assert.equal(await becomesReady(trial, again), true);
      assert.equal(trial.messages(), 1);
    });
  });
}

describe('evidence of this release', () => {
  test('is misread by 0.1, which does not check its version, so the two must never run at the same time', async (t) => {
    const { server, input } = await beginOpenHands(t);
    const { evidence } = await new ActivityEnvironment().run(present.createConversation, { input });
    await new ActivityEnvironment().run(previous.createConversation, { input, evidence });
    assert.equal(server.requests.filter(({ path }) => path.includes('start_id=NaN')).length, 1);
  });
});
