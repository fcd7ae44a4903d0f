import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ConversationNotFoundError } from '../../client/errors.js';
import type { NestedConversations } from '../../client/nested-conversations.js';
import type { FailureType } from '../../contract/failures.js';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { ModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import type { LineProxy, RequestPattern } from '../harness/proxy.js';
import { type TriedServer, until } from './tried-server.js';

export const creates: RequestPattern = { method: 'POST', path: '/api/conversations' };

export const ready = 'ready';
export const readyOnce = 'ready, 1 message';

/** A start to try. No other start has the same message. */
export interface Attempt {
  readonly sid: string;
  readonly content: string;
  readonly input: CreateNestedConversationInput;
}

/** A start's outcome, awaited in the background. */
export type Outcome = Promise<CreateNestedConversationResult>;

/** A server with its model, and a connection from the worker to it that can be cut. */
export class Situation<Server extends TriedServer = TriedServer> {
  constructor(
    readonly server: Server,
    readonly model: ModelStandIn,
    readonly proxy: LineProxy,
    readonly conversations: NestedConversations,
  ) {}

  attempt(overrides: Partial<CreateNestedConversationInput> = {}): Attempt {
    const content = `Say hello to ${randomUUID()}`;
    const input = inputFor(this.proxy.url, {
      ...this.server.input(),
      initialUserMsg: { content },
      ...overrides,
    });
    return { sid: input.sid, content, input };
  }

  /** Starts it. The outcome can be awaited later. */
  begin({ input }: Attempt): Outcome {
    const outcome = this.conversations.ensureReady(input);
    outcome.catch(() => undefined);
    return outcome;
  }

  /**
   * Waits for a moment before the start's end.
   *
   * @throws Error with the outcome if the start ends first
   */
  async before(outcome: Outcome, moment: Promise<unknown>): Promise<void> {
    const early = outcome.then((result) => {
      throw new Error(`It ended too soon: ${JSON.stringify(result)}`);
    });
    await Promise.race([moment, early]);
  }

  /** The right outcome if the message reaches the agent: stored once, and answered once by the model. */
  async heardOnce({ sid, content }: Attempt, outcome: Outcome): Promise<string> {
    const { conversationId } = await outcome;
    assert.equal(conversationId, sid);
    await until(`the model has answered '${content}'`, () => this.model.timesAnswered(content) > 0);
    await this.server.untilAgentIs(sid, 'resting');
    assert.deepEqual(
      { stored: await this.timesStored(sid, content), answered: this.model.timesAnswered(content) },
      { stored: 1, answered: 1 },
    );
    return readyOnce;
  }

  /** The right outcome of a start that can't succeed. */
  async fails<T extends FailureType>(outcome: Outcome, type: T, message: RegExp): Promise<T> {
    await assert.rejects(outcome, (error: Error & { type?: unknown }) => {
      assert.equal(error.type, type, error.message);
      assert.match(error.message, message);
      return true;
    });
    return type;
  }

  async timesStored(sid: string, content: string): Promise<number> {
    return (await this.server.messages(sid)).filter((text) => text === content).length;
  }

  /** Resolves once the start can only wait: it has delivered its message, or is waiting to. */
  async untilItWaits({ sid }: Attempt): Promise<void> {
    const delivery = { method: 'POST', path: this.server.eventsOf(sid) };
    await until(`${sid} waits`, async () => {
      if (this.proxy.count(delivery) > 0) return true;
      const status = await this.conversations.status(sid).catch(unlessNotFound);
      return (status?.attempts ?? 0) > 1;
    });
  }
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof ConversationNotFoundError)) throw error;
}
