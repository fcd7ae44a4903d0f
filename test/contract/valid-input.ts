import fc from 'fast-check';
import { limits } from '../../contract/limits.js';

/** An input without the fields that have a default. */
export const minimal = { apiUrl: 'http://runtime-conv123:8080', sid: 'conv-123', userId: 'ada' };

/** An input with every field. */
export const complete = {
  ...minimal,
  settings: {
    mcpConfig: { sse_servers: ['http://tools'], stdio_servers: [{ name: 'fs', env: { ROOT_DIR: '/' } }] },
    repository: 'octo/cat',
    selectedBranch: 'main',
    gitProvider: 'github',
    providerTokens: { github: { token: 't0ken' } },
    conversationInstructions: 'Be brief.',
  },
  initialUserMsg: { content: 'Fix the build', imageUrls: ['https://img/1.png'] },
  replayJson: null,
  client: { timeout: '1 minute', sessionApiKey: 'k3y' },
  readiness: { interval: '5 seconds', maximumAttempts: 5, lookTimeout: '900ms', readyWhen: 'accepting-events' },
  preparation: { checkoutTimeout: '1 minute', setupTimeout: '20 minutes' },
  server: 'openhands',
  onFailure: 'stop',
};

/** Any duration between two bounds in milliseconds, as text. */
export function anyDuration(minimumMs: number, maximumMs: number): fc.Arbitrary<string> {
  const units = { ms: 1, ' milliseconds': 1, s: 1_000, ' seconds': 1_000 };
  return fc
    .tuple(fc.integer({ min: minimumMs, max: maximumMs }), fc.constantFrom(...Object.entries(units)))
    .map(([milliseconds, [unit, size]]) => `${milliseconds / size}${unit}`);
}

/** Any valid input for openhands. */
export function anyValidInput(): fc.Arbitrary<Record<string, unknown>> {
  const optional = { requiredKeys: [] };
  const text = fc.string({ minLength: 1 });
  const settings = {
    mcpConfig: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
    repository: fc.option(text),
    selectedBranch: fc.option(text),
    gitProvider: fc.option(text),
    providerTokens: fc.option(fc.dictionary(fc.string(), fc.option(text))),
    conversationInstructions: fc.option(text),
  };
  const firstMessage = fc.record({ content: text, imageUrls: fc.array(fc.webUrl()) }, { requiredKeys: ['content'] });
  const client = {
    timeout: anyDuration(100, 300_000),
    sessionApiKey: fc.option(fc.stringMatching(/^[\x21-\x7e]+$/)),
  };
  const readiness = {
    interval: anyDuration(1_000, 3_600_000),
    maximumAttempts: fc.integer({ min: 1, max: limits.maximumAttempts }),
    lookTimeout: anyDuration(100, 60_000),
    readyWhen: fc.constantFrom('agent-started', 'accepting-events'),
  };
  return fc.record(
    {
      apiUrl: fc.webUrl({ validSchemes: ['http', 'https'] }),
      sid: fc.stringMatching(/^[\w ~:%?#-]{1,100}$/),
      userId: fc.string({ minLength: 1, maxLength: limits.userIdCharacters }),
      settings: fc.record(settings, optional),
      initialUserMsg: fc.option(firstMessage),
      client: fc.record(client, optional),
      readiness: fc.record(readiness, optional),
      onFailure: fc.constantFrom('keep', 'stop'),
    },
    { requiredKeys: ['apiUrl', 'sid', 'userId'] },
  );
}
