import type { Conversation } from '../../../../contract/input.js';
import { failure } from '../../failures.js';
import type { HttpClient } from '../../http-client.js';
import { failureOfUnsupported, isSupported, readServerInfo } from '../../server-info.js';
import { observeCommand, startCommand, stopCommand, tokenFileCommand } from './commands.js';
import { conclude, type WorkspaceConclusion } from './conclude.js';
import { parseFacts } from './facts.js';
import { planOf, type WorkspacePlan } from './plan.js';
import { RefusedError, runCommand, writeInto } from './sandbox.js';

type Start = Extract<WorkspaceConclusion, { kind: 'start' }>;

/** The working directory of a conversation with a repository, in the sandbox of its agent server. */
export class Workspace {
  readonly sid: string;
  readonly #plan: WorkspacePlan;

  constructor(conversation: Conversation, runId: string) {
    this.sid = conversation.sid;
    this.#plan = planOf(conversation, runId);
  }

  /** @throws ApplicationFailure of type ConversationRejected if the server can't prepare a workspace */
  async checkServer(server: HttpClient): Promise<void> {
    const info = await readServerInfo(server);
    if (info?.kind === 'agent-server' && isSupported(info) === false) throw failureOfUnsupported(server.baseUrl, info);
    if (info?.conversationRuntime === 'docker') {
      const url = server.baseUrl;
      const message = `the server at ${url} gives each conversation a container once it is created, too late to put settings.repository into it: pass settings.conversation_runtime 'local', or leave the repository out`;
      throw failure('ConversationRejected', message, { url });
    }
  }

  /** What is due, given the present state of the sandbox. */
  async observe(server: HttpClient): Promise<WorkspaceConclusion> {
    return this.#during(this.#plan.checkout.phase, async () =>
      conclude(parseFacts(await runCommand(server, observeCommand(this.#plan))), this.#plan),
    );
  }

  async begin({ job, begun }: Start, server: HttpClient): Promise<void> {
    const { authorization } = this.#plan;
    await this.#during(job.phase, async () => {
      const needsToken = job === this.#plan.checkout && authorization !== undefined;
      const tokenFile = needsToken ? await this.#handOver(authorization, server) : undefined;
      await runCommand(server, startCommand(this.#plan, job, begun, tokenFile));
    });
  }

  /** @throws ApplicationFailure of type ConversationFailed if the sandbox can't do the work */
  async #during<T>(phase: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const reason = `${phase}: ${error.message}`;
      throw failure('ConversationFailed', `${this.sid} can't be prepared: ${reason}`, { reason });
    }
  }

  /** Ends the running job. */
  async stop(server: HttpClient): Promise<void> {
    await runCommand(server, stopCommand(this.#plan));
  }

  /** Puts the token into a file in memory for the job, and returns the file's path. */
  async #handOver(authorization: string, server: HttpClient): Promise<string> {
    const path = (await runCommand(server, tokenFileCommand(this.#plan))).trim();
    await writeInto(server, path, authorization);
    return path;
  }
}
