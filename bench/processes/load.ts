import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import axios from 'axios';
import { NestedConversations } from '../../client/nested-conversations.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { serve, usage } from './process.js';

/** The subjects to compare. */
export type Subject =
  /** This project, started by its client in a namespace that has the search attributes. */
  | 'ours'
  /** This project, started by a plain Temporal client, without search attributes. */
  | 'ours-plain'
  /** This project without observability and egress rules: see `floor/unseen-worker.ts`. */
  | 'ours-unseen'
  /** The floors: see `floor/workflows.ts`. */
  | 'no-ops'
  | 'bare-calls'
  | 'fenced-calls'
  /** The in-process loop that this project replaces: a POST, then one look, and any answer counts as ready. */
  | 'in-process';

interface RunOptions {
  readonly subject: Subject;
  readonly count: number;
  readonly atATime: number;
  /** @default that of the subject's worker: `ours`, `unseen` or `floor` */
  readonly taskQueue?: string;
}

interface RunResult {
  readonly seconds: number;
  /** For each run, the time from its start to its result. */
  readonly latenciesMs: readonly number[];
}

/** A duration as in the contract. */
type Interval = `${number} ${'second' | 'seconds' | 'minutes'}`;

interface WaitingOptions {
  readonly runs: 'ours' | 'floor';
  readonly taskQueue: string;
  readonly count: number;
  readonly interval: Interval;
}

const functions = {
  async connect(options: { address: string; namespace: string; apiUrl: string }) {
    ({ apiUrl } = options);
    const { address, namespace } = options;
    client = new Client({ connection: await Connection.connect({ address }), namespace });
  },

  /** Starts this many runs and waits for their results. */
  async run({ subject, count, atATime, taskQueue }: RunOptions): Promise<RunResult> {
    const latenciesMs: number[] = [];
    const begin = performance.now();
    await several(count, atATime, async () => {
      const start = performance.now();
      await subjects[subject](taskQueue);
      latenciesMs.push(performance.now() - start);
    });
    return { seconds: (performance.now() - begin) / 1000, latenciesMs };
  },

  /** Starts a conversation and returns its id. */
  async startOne(
    interval: Interval,
    { sid, maximumAttempts = 10_000 }: { sid?: string; maximumAttempts?: number } = {},
  ) {
    const input = inputFor(apiUrl, { ...(sid && { sid }), readiness: { interval, maximumAttempts } });
    await conversationsOn('ours').start(input);
    return input.sid;
  },

  /** Starts the workflow that polls with timers and returns its id. */
  async startPolling(looks: number) {
    const { workflowId } = await client.workflow.start('pollingWithTimers', {
      taskQueue: 'floor',
      workflowId: randomUUID(),
      args: [looks],
    });
    return workflowId;
  },

  /** Starts waiting conversations, or the floor's waiting workflows, and returns their ids. */
  async startWaiting({ runs, taskQueue, count, interval }: WaitingOptions) {
    const ids: string[] = [];
    await several(count, 50, async () => {
      if (runs === 'floor') {
        const workflowId = randomUUID();
        ids.push(workflowId);
        await client.workflow.start('waiting', { taskQueue, workflowId, args: [interval] });
        return;
      }
      const input = inputFor(apiUrl, { readiness: { interval, maximumAttempts: 10_000 } });
      ids.push(input.sid);
      await conversationsOn(taskQueue).start(input);
    });
    return ids;
  },

  /** Starts the floor's workflows that check a conversation again and again. */
  async startLooking(count: number, interval: Interval) {
    await several(count, 50, async () => {
      const sid = randomUUID();
      const args = [interval, { apiUrl, sid }];
      await client.workflow.start('waitingWithLooks', { taskQueue: 'floor', workflowId: sid, args });
    });
  },

  /** Starts one conversation `count` times at once. Returns how many of these calls began a run. */
  async startAtOnce(sid: string, count: number) {
    const conversations = conversationsOn('ours');
    const starts = Array.from({ length: count }, () => conversations.start(inputFor(apiUrl, { sid })));
    return (await Promise.all(starts)).filter(({ attached }) => !attached).length;
  },

  /** Begins to wait for started conversations, all at once. Returns once all of them are being waited for. */
  async beginWaits(sids: readonly string[], taskQueue: string) {
    const conversations = conversationsOn(taskQueue);
    const begun: Promise<unknown>[] = [];
    for (const sid of sids) {
      begun.push(
        new Promise<void>((resolve) => {
          wait(conversations.ensureReady(inputFor(apiUrl, { sid }), { onProgress: () => resolve() }));
        }),
      );
    }
    await Promise.all(begun);
  },

  /**
   * Waits for existing runs, all at once, with a pool of this many long polls. Returns how long after its run's end
   * each caller learned of it, and the cost of a minute of waiting.
   */
  async hearOfEnds({ sids, longPolls, watchMs }: { sids: readonly string[]; longPolls: number; watchMs: number }) {
    const { workflowService } = client;
    const calls = { describeWorkflowExecution: 0, getWorkflowExecutionHistory: 0 };
    const counted = ['describeWorkflowExecution', 'getWorkflowExecutionHistory'] as const;
    const originals = counted.map((name) => workflowService[name]);
    for (const name of counted) {
      const original = workflowService[name].bind(workflowService) as unknown as (request: object) => Promise<never>;
      workflowService[name] = ((request: object) => {
        calls[name] += 1;
        return original(request);
      }) as never;
    }
    const allCalls = () => calls.describeWorkflowExecution + calls.getWorkflowExecutionHistory;
    const conversations = new NestedConversations(client, { longPolls });
    const heardAt = new Map<string, number>();
    const heard = sids.map(async (sid) => {
      await conversations.wait(sid).catch(() => undefined);
      heardAt.set(sid, Date.now());
    });
    // Excludes the cost of beginning to wait.
    await sleep(Math.min(watchMs, 15_000));
    const callsBefore = allCalls();
    const cpuBefore = process.cpuUsage();
    await sleep(watchMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    const during = { calls: allCalls() - callsBefore, cpuMs: (user + system) / 1000 };
    const describeBegin = performance.now();
    await client.workflow.getHandle(workflowIdOf(sids[0] ?? '')).describe();
    const describeMs = performance.now() - describeBegin;
    const endedAt = new Map<string, number>();
    // About as fast as a worker would end them. How fast Temporal can end runs is not measured.
    await several(sids.length, 2, async () => {
      const sid = sids[endedAt.size];
      if (sid === undefined) return;
      // A few milliseconds early, so the measured time is rather too long than too short.
      endedAt.set(sid, Date.now());
      await client.workflow.getHandle(workflowIdOf(sid)).terminate();
    });
    await Promise.all(heard);
    counted.forEach((name, index) => {
      workflowService[name] = originals[index] as never;
    });
    const lagsMs = sids.map((sid) => Math.max(0, (heardAt.get(sid) ?? Number.NaN) - (endedAt.get(sid) ?? Number.NaN)));
    return {
      lagsMs,
      during,
      describeMs,
      answered: heardAt.size,
      polls: calls.getWorkflowExecutionHistory / sids.length,
    };
  },

  /** Begins to start conversations and to wait for them. */
  async beginEnsuring(count: number) {
    const conversations = conversationsOn('ours');
    for (let started = 0; started < count; started++) wait(conversations.ensureReady(inputFor(apiUrl)));
  },

  /** How many of the waits ended with a ready conversation. */
  async endWaits() {
    return (await Promise.all(waits)).filter(Boolean).length;
  },

  ...usage,
};

export type Load = typeof functions;

let client: Client;
let apiUrl: string;
/** For each wait, whether its conversation became ready. */
const waits: Promise<boolean>[] = [];

function wait(ready: Promise<{ status: string }>): void {
  waits.push(
    ready.then(
      ({ status }) => status === 'RUNNING',
      () => false,
    ),
  );
}

const subjects: Record<Subject, (taskQueue?: string) => Promise<unknown>> = {
  async ours(taskQueue = 'ours') {
    const { workflowId } = await conversationsOn(taskQueue).start(inputFor(apiUrl));
    // Without ensureReady, which polls at intervals: the comparison is about Temporal and the worker.
    return client.workflow.getHandle(workflowId).result();
  },
  'ours-plain': (taskQueue = 'ours') => executePlain(taskQueue),
  'ours-unseen': (taskQueue = 'unseen') => executePlain(taskQueue),
  'no-ops': (taskQueue) => executeFloor('noOps', taskQueue),
  'bare-calls': (taskQueue) => executeFloor('bareCalls', taskQueue),
  'fenced-calls': (taskQueue) => executeFloor('fencedCalls', taskQueue),
  async 'in-process'() {
    const sid = randomUUID();
    await axios.post(`${apiUrl}/api/conversations`, { conversation_id: sid, initial_user_msg: 'Fix the build' });
    await axios.get(`${apiUrl}/api/conversations/${sid}/events`);
  },
};

function executePlain(taskQueue: string): Promise<unknown> {
  const input = inputFor(apiUrl);
  return client.workflow.execute(workflowType, { taskQueue, workflowId: workflowIdOf(input.sid), args: [input] });
}

function executeFloor(type: string, taskQueue = 'floor'): Promise<unknown> {
  const sid = randomUUID();
  return client.workflow.execute(type, { taskQueue, workflowId: workflowIdOf(sid), args: [{ apiUrl, sid }] });
}

const known = new Map<string, NestedConversations>();

function conversationsOn(taskQueue: string): NestedConversations {
  const conversations = known.get(taskQueue) ?? new NestedConversations(client, { taskQueue });
  known.set(taskQueue, conversations);
  return conversations;
}

/** Does the work this many times, so many at a time. */
async function several(times: number, atATime: number, work: () => Promise<void>): Promise<void> {
  let left = times;
  const one = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: atATime }, one));
}

serve(functions);
