import { ApplicationFailure } from '@temporalio/activity';
import type { Runtime } from './workspace.js';

export interface WorkspaceActivities {
  provisionRuntime(conversationId: string): Promise<Runtime>;
  configureNestedServer(input: { readonly apiUrl: string; readonly userId: string }): Promise<void>;
  releaseRuntime(runtime: Runtime): Promise<void>;
}

/** What the nested server is given for a user. From wherever a service keeps them: never through a workflow. */
export interface UserSecrets {
  readonly llm: { readonly model: string; readonly apiKey: string; readonly baseUrl?: string };
  readonly githubToken?: string;
  readonly custom?: Readonly<Record<string, string>>;
}

export interface WorkspaceActivitiesOptions {
  /** Starts a runtime, or returns the one that there is: each activity may run more than once. */
  readonly runtimes: {
    provision(id: string): Promise<string>;
    release(id: string): Promise<void>;
  };
  readonly secretsOf: (userId: string) => Promise<UserSecrets>;
}

export function createWorkspaceActivities({ runtimes, secretsOf }: WorkspaceActivitiesOptions): WorkspaceActivities {
  return {
    async provisionRuntime(conversationId) {
      const id = `runtime-${conversationId}`;
      return { id, apiUrl: await runtimes.provision(id) };
    },

    /** Safe to retry: each request puts in place what it says. */
    async configureNestedServer({ apiUrl, userId }) {
      const { llm, githubToken, custom = {} } = await secretsOf(userId);
      await post(`${apiUrl}/api/settings`, {
        language: 'en',
        agent: 'CodeActAgent',
        llm_model: llm.model,
        llm_api_key: llm.apiKey,
        ...(llm.baseUrl && { llm_base_url: llm.baseUrl }),
      });
      if (githubToken) {
        await post(`${apiUrl}/api/add-git-providers`, { provider_tokens: { github: { token: githubToken } } });
      }
      for (const [name, value] of Object.entries(custom)) {
        // A secret that is there already is refused: it was put there by an earlier attempt.
        await post(`${apiUrl}/api/secrets`, { name, value }, { alreadyThere: 400 });
      }
    },

    async releaseRuntime({ id }) {
      await runtimes.release(id);
    },
  };
}

async function post(url: string, body: object, { alreadyThere }: { alreadyThere?: number } = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok || response.status === alreadyThere) return;
  // The answer is left out: it may repeat a secret.
  const message = `POST ${url} answered ${response.status}`;
  // A runtime that is still starting answers later; what is wrong with the request stays wrong.
  const nonRetryable = [400, 401, 403, 422].includes(response.status);
  throw ApplicationFailure.create({ message, type: 'NestedServerNotConfigured', nonRetryable });
}
