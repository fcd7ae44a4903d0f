import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { cancellationRequested } from '../harness/history.js';
import type { Temporal } from '../harness/temporal.js';

/** A path through the workflow. */
export interface Path {
  /** The name of its history. */
  readonly name: string;
  /** The final status of the run. */
  readonly ends: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  walk(stage: Stage): Promise<unknown>;
}

/** What a path needs: a server, a conversation, and a way to start it. */
export interface Stage {
  readonly temporal: Temporal;
  readonly server: OpenHandsStandIn;
  readonly conversations: NestedConversations;
  readonly input: CreateNestedConversationInput & { sid: string };
}

const post = { method: 'POST', path: '/api/conversations' };
const eventsOf = ({ sid }: { sid: string }) => `/api/conversations/${sid}/events`;

/** `createConversation` reads the events before and after its POST, and the status after it. */
const looksBefore = 2;
const statusReadsBefore = 1;

/** Starts, waits until the server has received `count` such requests, and cancels. */
async function cancelAfter({ conversations, server, input }: Stage, request: string, count: number, more: object = {}) {
  await conversations.start({ ...input, ...more });
  await server.received(request, count);
  await conversations.cancel(input.sid);
}

/** Starts, and cancels while the POST is held. The POST is answered after the activity was asked to cancel. */
async function cancelDuringPost(stage: Stage): Promise<void> {
  const held = stage.server.inject({ ...post, fault: { kind: 'delay-until' } });
  await cancelAfter(stage, 'POST /api/conversations', 1);
  await cancellationRequested(handleOf(stage));
  held.release();
}

function handleOf({ temporal, input }: Stage) {
  return temporal.env.client.workflow.getHandle(workflowIdOf(input.sid));
}

export const paths: readonly Path[] = [
  {
    name: 'ready-at-once',
    ends: 'COMPLETED',
    walk: ({ conversations, input }) => conversations.ensureReady(input),
  },
  {
    name: 'ready-late',
    ends: 'COMPLETED',
    walk({ conversations, server, input }) {
      server.script(input.sid, { loadingLooks: 5 });
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'ready-after-the-server-restarted',
    ends: 'COMPLETED',
    async walk({ conversations, server, input }) {
      server.script(input.sid, { loadingLooks: 100 });
      const held = server.inject({ path: /\/events/, after: looksBefore, fault: { kind: 'delay-until' } });
      await conversations.start(input);
      await held.reached;
      server.restart();
      server.script(input.sid, {});
      held.release();
      await conversations.ensureReady(input);
    },
  },
  {
    name: 're-attached',
    ends: 'COMPLETED',
    async walk({ conversations, server, input }) {
      const held = server.inject({ path: eventsOf(input), after: looksBefore, fault: { kind: 'delay-until' } });
      await conversations.start(input);
      await held.reached;
      const { attached } = await conversations.start(input);
      if (!attached) throw new Error('a second start did not attach');
      held.release();
      await conversations.ensureReady(input);
    },
  },
  {
    name: 'exhausted',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      server.script(input.sid, { agent: 'dead' });
      return conversations.ensureReady({ ...input, readiness: { interval: '1 second', maximumAttempts: 3 } });
    },
  },
  {
    name: 'rejected',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      server.options.settings = 'missing';
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'unavailable',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      const headers = { 'retry-after': '1' };
      server.inject({ ...post, times: 12, fault: { kind: 'answer', status: 503, headers } });
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'bad-input',
    ends: 'FAILED',
    async walk({ temporal, input }) {
      const options = { taskQueue: 'nested-conversations', workflowId: workflowIdOf(input.sid) };
      return temporal.env.client.workflow.execute(workflowType, { ...options, args: [{ ...input, colour: 'red' }] });
    },
  },
  {
    name: 'bad-input-with-on-failure-stop',
    ends: 'FAILED',
    async walk({ temporal, input }) {
      const options = { taskQueue: 'nested-conversations', workflowId: workflowIdOf(input.sid) };
      const args = [{ ...input, colour: 'red', onFailure: 'stop' }];
      return temporal.env.client.workflow.execute(workflowType, { ...options, args });
    },
  },
  {
    name: 'terminal-state',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      server.script(input.sid, { agent: 'errors' });
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'lost-too-often',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      server.script(input.sid, { evictedAtLook: 2 });
      return conversations.ensureReady(input);
    },
  },
  {
    name: 'stopped-after-a-failure',
    ends: 'FAILED',
    walk({ conversations, server, input }) {
      server.script(input.sid, { agent: 'errors' });
      return conversations.ensureReady({ ...input, onFailure: 'stop' });
    },
  },
  {
    name: 'cancelled-before-a-worker-took-it',
    ends: 'CANCELLED',
    async walk({ temporal, input }) {
      const taskQueue = `later-${input.sid}`;
      const later = new NestedConversations(temporal.env.client, { taskQueue });
      await later.start(input);
      await later.cancel(input.sid);
      const worker = await temporal.newWorker({ taskQueue });
      await worker.runUntil(later.ensureReady(input));
    },
  },
  {
    name: 'cancelled-while-creating',
    ends: 'CANCELLED',
    walk: cancelDuringPost,
  },
  {
    name: 'cancelled-between-looks',
    ends: 'CANCELLED',
    async walk(stage) {
      stage.server.script(stage.input.sid, { agent: 'dead' });
      const status = `GET /api/conversations/${stage.input.sid}`;
      await cancelAfter(stage, status, statusReadsBefore + 1, { readiness: { interval: '1 hour' } });
    },
  },
  {
    name: 'cancelled-during-a-look',
    ends: 'CANCELLED',
    async walk(stage) {
      const path = eventsOf(stage.input);
      stage.server.inject({ path, after: looksBefore, fault: { kind: 'delay-until' } });
      await cancelAfter(stage, `GET ${path}`, looksBefore + 1, { readiness: { lookTimeout: '1 minute' } });
    },
  },
  {
    // The cancellation waits for a POST that fails, so the activity ends with that failure.
    name: 'cancelled-while-a-create-fails',
    ends: 'CANCELLED',
    walk(stage) {
      stage.server.options.settings = 'missing';
      return cancelDuringPost(stage);
    },
  },
  {
    name: 'cancelled-and-stopped',
    ends: 'CANCELLED',
    async walk(stage) {
      stage.server.script(stage.input.sid, { agent: 'dead' });
      const status = `GET /api/conversations/${stage.input.sid}`;
      await cancelAfter(stage, status, statusReadsBefore + 1, { onFailure: 'stop', readiness: { interval: '1 hour' } });
    },
  },
  {
    name: 'cancelled-while-stopping',
    ends: 'FAILED',
    async walk(stage) {
      const { server, input } = stage;
      server.script(input.sid, { agent: 'errors' });
      const held = server.inject({ path: /\/stop$/, fault: { kind: 'delay-until' } });
      await cancelAfter(stage, `POST /api/conversations/${input.sid}/stop`, 1, { onFailure: 'stop' });
      held.release();
    },
  },
];

/** Walks a path to its end, with its own server and conversation, and returns the workflow's id. */
export async function walk(path: Path, temporal: Temporal): Promise<string> {
  const server = await OpenHandsStandIn.listen();
  const input = inputFor(server.url, { readiness: { interval: '1 second' } });
  const stage: Stage = { temporal, server, conversations: new NestedConversations(temporal.env.client), input };
  try {
    // The result is read from Temporal below and compared.
    await path.walk(stage).catch(() => undefined);
    await handleOf(stage)
      .result()
      .catch(() => undefined);
    const { status } = await handleOf(stage).describe();
    if (status.name !== path.ends) throw new Error(`${path.name} ended ${status.name} instead of ${path.ends}`);
    return workflowIdOf(input.sid);
  } finally {
    await server.close();
  }
}
