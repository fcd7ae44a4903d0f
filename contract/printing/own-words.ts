/**
 * Texts from our own messages. They are not hidden when a first message or a tool's address happens to contain them:
 * they reveal nothing about the secret, and hiding them would make a failure hard to read.
 */
export const ownWords: readonly string[] = [
  'GET http://',
  'POST http://',
  'https://',
  'http://localhost:',
  'http://127.0.0.1:',
  '/api/conversations/',
  '/events/search?',
  '/events/count',
  '/microagents',
  'answered',
  'connection refused (ECONNREFUSED)',
  'connection reset (ECONNRESET)',
  'connection timed out (ETIMEDOUT)',
  'connection cut off within the answer',
  'host name not found (ENOTFOUND)',
  'host name could not be looked up',
  'no answer within',
  'in time: earlier requests took all of the',
  'with an empty body',
  "with a body that is not the API's (text/html)",
  '(application/json)',
  'was not sent: no rule of NESTED_SERVER_ALLOW allows',
  'check client.sessionApiKey: Unauthorized',
  'redirects are not followed, check apiUrl',
  'not reachable',
  'is not ready',
  'nothing yet',
  'conversation',
  'the message not taken up yet',
  'STARTING (agent loading)',
  'RUNNING (agent running)',
  'STOPPED (agent not started)',
  'STARTING (agent not started)',
  'RUNNING (agent not started)',
  'RUNNING (agent loading)',
  'RUNNING',
  'awaiting_user_input',
  'awaiting_user_confirmation',
  'waiting_for_confirmation',
  'unreadable',
  'Internal Server Error',
  'Bad Gateway',
  'Service Unavailable',
  "can't be prepared",
  'preparing repository failed with exit code',
  'running setup script failed with exit code',
  'the working directory is not empty, and no checkout of a repository',
  'the working directory is a checkout of another repository',
  'the repository has no branch',
  'is unknown: remove it',
  'must be a string',
  'settings.conversationInstructions',
  'initialUserMsg.content',
  'initialUserMsg.imageUrls',
  'readiness.maximumAttempts',
];

const known: ReadonlySet<string> = new Set(ownWords);

/** Whether the text is exactly one of our own, as the result of a readiness check usually is. */
export function isOwnWords(text: string): boolean {
  return known.has(text);
}
