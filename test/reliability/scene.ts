import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { ConversationStatus } from '../../client/conversation-status.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type RunningProgram, startProgram } from '../../dev-stack/programs.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import type { Moment } from './moments.js';
import { startTemporalLine, type TemporalLine } from './temporal-line.js';
import { startTemporalProcess, type TemporalProcess } from './temporal-process.js';

/** The interval is long, so that a disaster strikes and ends between two looks. */
export const readiness = { interval: '10 seconds', lookTimeout: '20 seconds', maximumAttempts: 10 } as const;

/** A start that is held at its moment, on its own nested server. */
export interface HeldStart {
  readonly input: ReturnType<typeof inputFor>;
  readonly server: OpenHandsStandIn;
  /** How far it was when it was caught. */
  readonly before: ConversationStatus;
  letGo(): void;
}

/**
 * Everything that can fail: Temporal with a database file, workers, nested servers, and the connections between them.
 */
export class Scene {
  readonly conversations: NestedConversations;
  readonly starts = new Map<Moment, HeldStart>();
  readonly #cleanUps: (() => unknown)[];

  private constructor(
    readonly client: Client,
    readonly temporal: TemporalProcess,
    /** The connection between the workers and Temporal. */
    readonly line: TemporalLine,
    cleanUps: (() => unknown)[],
  ) {
    this.conversations = new NestedConversations(client);
    this.#cleanUps = cleanUps;
  }

  static async set(t: TestContext): Promise<Scene> {
    const cleanUps: (() => unknown)[] = [];
    t.after(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    });
    const folder = await mkdtemp(join(tmpdir(), 'nested-conversations-crashes-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const temporal = await startTemporalProcess(folder);
    cleanUps.push(() => temporal.stop('SIGKILL'));
    const connection = await Connection.connect({ address: temporal.address });
    cleanUps.push(() => connection.close());
    const line = await startTemporalLine(temporal.address);
    cleanUps.push(() => line.cut());
    return new Scene(new Client({ connection }), temporal, line, cleanUps);
  }

  async startWorker(): Promise<RunningProgram> {
    const worker = startProgram('worker/main.js', {
      env: { TEMPORAL_ADDRESS: this.line.address },
      timeoutMs: 5 * 60_000,
    });
    this.#cleanUps.push(() => kill(worker));
    await worker.reported('RUNNING');
    return worker;
  }

  /** Starts a conversation and catches it at a moment. */
  async catchAt(moment: Moment): Promise<void> {
    const server = await OpenHandsStandIn.listen();
    this.#cleanUps.push(() => server.close());
    const input = inputFor(server.url, { readiness });
    const fault = moment.hold(server, input.sid);
    const letGo = () => {
      fault.remove();
      fault.release();
    };
    await this.conversations.start(input);
    const attemptEnded = () => this.attemptEnded(input.sid);
    await moment.caught({ line: this.line, reached: fault.reached, letGo, attemptEnded });
    this.starts.set(moment, { input, server, letGo, before: await this.conversations.status(input.sid) });
  }

  /** Resolves once more than `before` attempts of the start's current activity have ended in any way. */
  async attemptEnded(sid: string, before = 0): Promise<void> {
    while (((await this.conversations.status(sid)).attempts ?? 0) === before) await setTimeout(100);
  }

  /**
   * Resolves once the attempts in flight at these moments have ended: Temporal has their result or has given them up.
   */
  async attemptsEnded(moments: readonly Moment[]): Promise<void> {
    const caught = [...this.starts].filter(([moment]) => moments.includes(moment));
    await Promise.all(caught.map(([, { input, before }]) => this.attemptEnded(input.sid, before.attempts)));
  }

  async takeNestedServersDown(): Promise<void> {
    await Promise.all([...this.starts.values()].map(({ server }) => server.down()));
  }

  /** @param losing - 'memory' if new processes come up, without what the old ones had in memory. */
  async bringNestedServersUp({ losing }: { losing: 'nothing' | 'memory' }): Promise<void> {
    for (const { server } of this.starts.values()) {
      if (losing === 'memory') server.restart();
      await server.up();
    }
  }
}

/** Ends a worker like a crash. */
export async function kill(worker: RunningProgram): Promise<void> {
  worker.kill('SIGKILL');
  await worker.ended;
}
