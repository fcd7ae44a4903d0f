import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Info } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { ActivityFunction } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { OpenHandsStandIn, type OpenHandsStandInOptions } from '../../dev-stack/stand-ins/openhands-stand-in.js';

/** Runs an activity with as much of Temporal as it uses. */
export class ActivityEnvironment {
  /** The checkpoints that Temporal acknowledged, in order. */
  readonly writtenDown: unknown[] = [];
  /** The details of plain heartbeats, in order. */
  readonly heartbeats: unknown[] = [];
  readonly #environment: MockActivityEnvironment;

  /** @param acknowledge Called with each checkpoint. If it throws, the checkpoint fails. */
  constructor(info: Partial<Info> = {}, acknowledge: (details: unknown) => void = () => {}) {
    const activity = {
      heartbeat: async (_taskToken: Uint8Array, details: unknown) => {
        acknowledge(details);
        this.writtenDown.push(details);
      },
    };
    this.#environment = new MockActivityEnvironment(info, {
      client: { activity, withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work() } as unknown as Client,
      logger: new DefaultLogger('ERROR'),
    });
    this.#environment.on('heartbeat', (details) => this.heartbeats.push(details));
  }

  run<P extends unknown[], R>(activity: ActivityFunction<P, R>, ...args: P): Promise<R> {
    return this.#environment.run(activity, ...args);
  }

  /** The details of the next plain heartbeat. There is one per second while the activity runs. */
  async nextHeartbeat(): Promise<unknown> {
    const [details] = await once(this.#environment, 'heartbeat');
    return details;
  }

  cancel(): void {
    this.#environment.cancel();
  }
}

/** Starts a server for one test. */
export async function listen(t: TestContext, options?: OpenHandsStandInOptions): Promise<OpenHandsStandIn> {
  const server = await OpenHandsStandIn.listen(options);
  t.after(() => server.close());
  return server;
}
