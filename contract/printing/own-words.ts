/**
 * What our own messages say, and a first message or an address of a tool may happen to say, too. Hidden there, it would
 * only make a failure hard to read: none of it tells anything of a secret that it is a part of.
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

/** Whether a text is nothing but words of ours, as what a readiness check saw is as a rule. */
export function isOwnWords(text: string): boolean {
  return known.has(text);
}
