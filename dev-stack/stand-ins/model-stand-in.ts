import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A model behind an OpenAI-compatible API. It answers every request with one sentence and records what it saw. */
export interface ModelStandIn {
  /** For `llm_base_url`. */
  readonly url: string;
  /** The number of an agent's requests to answer a message that contains this text. */
  timesAsked(text: string): number;
  /**
   * Resolves once an agent has asked to answer a message that contains this text.
   *
   * @throws Error if no agent does within a minute: an agent with a message asks within seconds
   */
  asked(text: string): Promise<void>;
  /** The number of answered agent requests that contain this text anywhere: in the last message or an earlier one. */
  timesAnswered(text: string): number;
  /**
   * Resolves with the names of the tools, and all messages, of an agent's request with a message that contains this
   * text.
   */
  seen(text: string): Promise<{ readonly tools: readonly string[]; readonly messages: string }>;
  /** From now on, agents' requests to answer a message that contains this text wait until they are released. */
  hold(text: string): HeldAnswer;
  /** From now on, every request that contains this text is refused, as if the key were invalid. */
  refuseKey(text: string): void;
  close(): Promise<void>;
}

/** A held answer. After it is released, later requests are answered at once. */
export interface HeldAnswer {
  answer(): void;
  refuseKey(): void;
}

interface ChatRequest {
  /** Unset if the key was refused, or if the client was gone. */
  answered?: true;
  readonly model: string;
  /** An agent offers its tools. A request without any is for a title. */
  readonly tools?: readonly { readonly function?: { readonly name?: string } }[];
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

type Decision = 'answer' | 'refuse';

export async function startModelStandIn(): Promise<ModelStandIn> {
  const requests: ChatRequest[] = [];
  const waiting = new Set<() => void>();
  const refused: string[] = [];
  const held = new Map<string, Promise<Decision>>();
  const agentRequests = () => requests.filter(({ tools }) => tools?.length);
  const timesAsked = (text: string) => agentRequests().filter(({ messages }) => asks(messages, text)).length;
  const isRefused = async ({ tools, messages }: ChatRequest) => {
    for (const [text, decision] of tools?.length ? held : []) {
      if (asks(messages, text) && (await decision) === 'refuse') return true;
    }
    return refused.some((text) => JSON.stringify(messages).includes(text));
  };
  const asked = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (timesAsked(text) === 0) return;
        clearTimeout(deadline);
        waiting.delete(check);
        resolve();
      };
      const deadline = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`No agent asked the model to answer '${text}'`));
      }, 60_000);
      waiting.add(check);
      check();
    });
  const server = createServer(async (request, response) => {
    const chat = (await json(request as IncomingMessage)) as ChatRequest;
    requests.push(chat);
    for (const check of waiting) check();
    if (await isRefused(chat)) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } }));
      return;
    }
    if (response.destroyed) return;
    chat.answered = true;
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        id: `chat-${requests.length}`,
        object: 'chat.completion',
        created: 0,
        model: chat.model,
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Understood.' } }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    timesAsked,
    timesAnswered: (text) =>
      agentRequests().filter(({ answered, messages }) => answered && JSON.stringify(messages).includes(text)).length,
    async seen(text) {
      await asked(text);
      const { tools = [], messages } = agentRequests().findLast((one) => asks(one.messages, text)) as ChatRequest;
      return { tools: tools.map((tool) => tool.function?.name ?? ''), messages: JSON.stringify(messages) };
    },
    hold(text) {
      let decide: (decision: Decision) => void = () => undefined;
      const decision = new Promise<Decision>((resolve) => {
        decide = resolve;
      });
      held.set(text, decision);
      decision.then(() => held.delete(text));
      return { answer: () => decide('answer'), refuseKey: () => decide('refuse') };
    },
    refuseKey: (text) => refused.push(text),
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whether the turn to answer contains the text. Later requests repeat it as history. */
function asks(messages: ChatRequest['messages'], text: string): boolean {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages.slice(lastAnswer + 1).some(({ content }) => JSON.stringify(content).includes(text));
}
